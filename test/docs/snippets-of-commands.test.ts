import t from 'tap';
import { pagesOfCommands, readPages } from './pages.ts';
import { startReader } from './reader.ts';

const pages = (await readPages()).filter(({ name }) => pagesOfCommands.includes(name));
const { tries } = await startReader(t);

for (const page of pages) tries(page);

t.test('both pages are there', (t) => {
  t.equal(pages.length, pagesOfCommands.length);
  t.end();
});
