import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import t from 'tap';
import { startElsewhere } from './elsewhere.ts';
import { languages, samples } from './sample-languages.ts';
import { Sample } from './sample-process.ts';

/** The samples where the API is not: each of them must stop, say why, and give the key to nobody. */
const folder = await mkdtemp(path.join(tmpdir(), 'triggers-elsewhere-'));
t.teardown(() => rm(folder, { recursive: true, force: true }));

t.jobs = languages.length;
for (const { name, program, extension, quickStart } of languages) {
  t.test(name, async (t) => {
    const { url, requests } = await startElsewhere(t);
    const run = (file: string, args: string[], apiUrl: string) => {
      const env = { PATH: process.env.PATH, API_URL: apiUrl, API_KEY: 'sk_test_elsewhere', PYTHONDONTWRITEBYTECODE: '1' };
      return new Sample(t, [program, path.join(samples, file), ...args], env).ended();
    };

    t.test('a redirect is not followed, because the key would go along; what is no answer of ours ends the program', async (t) => {
      const expected = { redirect: /^307 /, page: /no answer of the Triggers API|^200 <p>Log in/ };
      const runs = Object.entries(expected).flatMap(([kind, says]) =>
        [quickStart, `patterns/poll.${extension}`].map(async (file) => {
          const { code, printed, errors } = await run(file, [], `${url}/${kind}`);
          t.equal(code, 1, `${file}, ${kind}`);
          t.match(errors, says);
          t.notMatch(errors, /Traceback|sk_test/);
          t.equal(printed, '');
        }),
      );
      await Promise.all(runs);
      t.same(requests.toSorted(), ['page', 'page', 'redirect', 'redirect'], 'each once, and nothing where the redirect leads');
    });

    t.test('sync does not begin anew when it cannot read how far it was', async (t) => {
      requests.length = 0;
      const runs = ['x\n', '', 'folder'].map(async (position, n) => {
        const file = path.join(folder, `${n}.${extension}.jsonl`);
        await writeFile(file, '{"id":1001}\n');
        if (position === 'folder') await mkdir(`${file}.sent`);
        else await writeFile(`${file}.sent`, position);
        const { code, printed } = await run(`patterns/sync.${extension}`, [file], `${url}/page`);
        t.same([code, printed], [1, ''], JSON.stringify(position));
      });
      await Promise.all(runs);
      t.same(requests, []);
    });
  });
}
