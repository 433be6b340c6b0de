import type { Address } from '../../platform/mail.ts';
import { callMs } from './kickoff.ts';
import { oneLine } from './names.ts';

export type Call = {
  /** The same for each partner whenever it is written: a second invitation replaces the first. */
  id: string;
  startMs: number;
  nowMs: number;
  summary: string;
  description: string;
  organizer: Address;
  attendee: Address;
};

/** The invitation to a call of half an hour, as iCalendar with METHOD:REQUEST (RFC 5546). All times are UTC, so that no rule of a zone is needed. */
export async function writeInvitation({ id, startMs, nowMs, summary, description, organizer, attendee }: Call): Promise<string> {
  const { default: ical, ICalAttendeeRole, ICalAttendeeStatus, ICalCalendarMethod } = await import('ical-generator');
  const calendar = ical({ prodId: { company: 'Triggers API', product: 'Onboarding', language: 'EN' }, method: ICalCalendarMethod.REQUEST });
  calendar.createEvent({
    id,
    sequence: 0,
    stamp: new Date(nowMs),
    start: new Date(startMs),
    end: new Date(startMs + callMs),
    summary: oneLine(summary),
    description: oneLine(description),
    organizer: { name: quotable(organizer), email: organizer.address },
    attendees: [
      {
        name: quotable(attendee),
        email: attendee.address,
        role: ICalAttendeeRole.REQ,
        status: ICalAttendeeStatus.NEEDSACTION,
        rsvp: true,
      },
    ],
  });
  return calendar.toString();
}

/** A name as the value of a parameter, in which no quotation mark can stand (RFC 5545, 3.2). */
function quotable({ name, address }: Address): string {
  return oneLine(name ?? '').replaceAll('"', "'") || address;
}
