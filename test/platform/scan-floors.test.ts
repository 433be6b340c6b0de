import t from 'tap';
import { ScanFloors } from '../../src/platform/scan-floors.ts';

t.test('a floor holds for less than a second after the last scan from the beginning, however often it is moved', async (t) => {
  let now = 1_000;
  const floors = new ScanFloors(() => now);
  t.equal(floors.get(1), undefined, 'nothing is known at first');
  floors.set(1, 'a', true);
  t.equal(floors.get(1), 'a');
  now += 600;
  floors.set(1, 'b', false);
  t.equal(floors.get(1), 'b');
  now += 399;
  t.equal(floors.get(1), 'b');
  now += 1;
  t.equal(floors.get(1), undefined);
});

t.test('a clock that is set back ends a floor', async (t) => {
  let now = 1_000_000;
  const floors = new ScanFloors(() => now);
  floors.set(1, 'a', true);
  now -= 1;
  t.equal(floors.get(1), undefined);
});

t.test('a page that was not full leaves no floor', async (t) => {
  const floors = new ScanFloors(() => 0);
  floors.set(1, 'a', true);
  floors.set(1, undefined, true);
  t.equal(floors.get(1), undefined);
  floors.set(1, 'b', false);
  t.equal(floors.get(1), undefined, 'and a page from a floor that is gone makes none');
});

t.test('floors are kept apart by partner, and for the 10,000 that polled last', async (t) => {
  const floors = new ScanFloors(() => 0);
  for (let partner = 0; partner <= 10_000; partner++) floors.set(partner, `floor ${partner}`, true);
  t.equal(floors.get(0), undefined);
  t.equal(floors.get(1), 'floor 1');
  t.equal(floors.get(10_000), 'floor 10000');
});
