import t from 'tap';
import { pagesOfCommands, readPages } from './pages.ts';
import { startReader } from './reader.ts';

const pages = (await readPages()).filter(({ name }) => pagesOfCommands.includes(name));
const { tries } = await startReader(t);

// Side by side: each is a partner of its own, and while one reads its sources the other waits for the database.
t.jobs = pages.length;
for (const page of pages) tries(page, { buffered: true });

t.test('both pages are there', (t) => {
  t.equal(pages.length, pagesOfCommands.length);
  t.end();
});
