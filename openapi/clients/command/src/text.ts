/** Making text out of what events hold. All of it is pure. */

// What a terminal would obey instead of showing it (C0, DEL, C1), and what turns the direction of a line around.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const unprintable = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** `text` as one line of visible characters: whatever a terminal would act upon is written as \uXXXX. */
export function printable(text: string): string {
  return text.replace(unprintable, (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** At most `width` characters, the last an ellipsis if some were left out. Characters are code points: a wide one may take two cells. */
export function shortened(text: string, width: number): string {
  if (text.length <= width) return text;
  const characters = Array.from(text.slice(0, 2 * width + 2)); // one of them is two units at most
  return characters.length <= width ? text : `${characters.slice(0, Math.max(width - 1, 0)).join('')}…`;
}

const units = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
  ['s', 1],
] as const;

/** `90` → `2 min`: a duration in its largest unit, rounded. */
export function duration(seconds: number): string {
  const whole = Math.max(Math.round(seconds), 0);
  const [unit, size] = units.find(([, each]) => whole >= each) ?? ['s', 1];
  return `${Math.round(whole / size)} ${unit}`;
}

/** `5 min ago`, `in 3 d`: a time as seen from `nowMs`. */
export function relative(time: string, nowMs: number): string {
  const seconds = (nowMs - Date.parse(time)) / 1000;
  if (Number.isNaN(seconds)) return printable(time);
  if (Math.abs(seconds) < 1) return 'now';
  return seconds > 0 ? `${duration(seconds)} ago` : `in ${duration(-seconds)}`;
}

/** `1234567` → `1,234,567`, the same in every locale. */
export function grouped(count: number): string {
  return count.toLocaleString('en-US');
}

/** `1 event`, `2 events`. */
export function counted(count: number, noun: string): string {
  return `${grouped(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** Time of day in the zone of this machine, `14:03:09`. */
export function clockTime(ms: number): string {
  const date = new Date(ms);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
}
