import t from 'tap';
import { alerts } from '../../grafana/src/alerts.ts';
import { casesOf } from './alert-cases.ts';
import { ruleOf } from './committed-rules.ts';
import { mutationsOf } from './mutations.ts';
import { failedTests, folderOf } from './promtool.ts';

/** The cases that must notice each kind of change; the others need not be run for it. */
const found = { number: ['below', 'above'], comparison: ['at'], wait: ['wait'] } as const;
const limited = alerts.filter(({ proof }) => proof.edges.length > 0);

t.test('a number moved by a tenth, a limit that counts to the other side, a wait changed by a tenth: each fails a case', async (t) => {
  const folder = await folderOf(t);
  const mutants = limited.flatMap((alert) => mutationsOf(ruleOf(alert)).map((mutation) => ({ alert, ...mutation })));
  const what = new Map<string, string>();
  for (const [index, mutant] of mutants.entries()) {
    const ruleFile = await folder.write(`${index}.rules.yml`, { groups: [{ name: 'one', rules: [mutant.rule] }] });
    what.set(await folder.write(`${index}.test.yml`, casesOf(mutant.alert, ruleFile, found[mutant.kind])), mutant.what);
  }
  for (const alert of limited) t.ok(mutants.filter((mutant) => mutant.alert === alert).length >= 3, `${alert.name} has been changed`);
  const failed = await failedTests([...what.keys()]);
  const survivors = [...what].filter(([name]) => !failed.has(name)).map(([, text]) => text);
  t.same(survivors, []);
  t.comment(`${mutants.length} mutants, ${failed.size} found`);
});
