import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { files as published, shownBy } from '../../docs/.vitepress/pages.ts';
import { serverFlags } from '../../scripts/server-flags.ts';

const root = new URL('../../', import.meta.url);
const read = (name: string) => readFile(new URL(name, root), 'utf8');
const dockerfile = await read('Dockerfile');
const ignore = (await read('.dockerignore')).split('\n');
const { allowScripts, dependencies, scripts, workspaces } = JSON.parse(await read('package.json'));

const lastStage = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '));
const guideStage = /^FROM \S+ AS guide$[\s\S]*?(?=^FROM )/m.exec(dockerfile)?.[0] as string;
/** What a part of the Dockerfile takes from the checkout, as paths. */
const copiedBy = (part: string) => [...part.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap((match) => (match[1] as string).split(' '));
const copied = copiedBy(dockerfile);
const isIn = (paths: string[]) => (file: string) => paths.some((path) => file === path || file.startsWith(`${path}/`));
/** The programs that containers of the image run. */
const programs = ['src/main.ts', 'scripts/migrate.ts', 'scripts/admin.ts', 'deploy/compose/healthcheck.ts'];

/** The files that a program loads, itself included, and the packages that they import. Types alone are not loaded. */
async function loadedBy(program: string): Promise<{ files: Set<string>; packages: Set<string> }> {
  const files = new Set([program]);
  const packages = new Set<string>();
  for (const file of files) {
    const imports = (await read(file)).matchAll(/^(?:import|export) (?!type )(?:[^'";]* from )?'([^']+)'|import\('([^']+)'\)/gm);
    for (const [, named, late] of imports) {
      const from = (named ?? late) as string;
      if (from.startsWith('.')) files.add(fileURLToPath(new URL(from, new URL(file, root))).slice(fileURLToPath(root).length));
      else if (!from.startsWith('node:')) packages.add(/^(@[^/]+\/)?[^/]+/.exec(from)?.[0] as string);
    }
  }
  return { files, packages };
}

t.test('every file that the image’s programs load is copied into it, and every package is one of production', async (t) => {
  const isInImage = isIn(copiedBy(lastStage));
  for (const program of programs) {
    const { files, packages } = await loadedBy(program);
    t.same(
      [...files].filter((file) => !isInImage(file)),
      [],
      program,
    );
    t.same(
      [...packages].filter((name) => !(name in dependencies)),
      [],
      program,
    );
  }
  const { files, packages } = await loadedBy('src/main.ts');
  t.ok(files.size > 40 && files.has('src/platform/postgres.ts'), 'the whole server was walked');
  t.ok(packages.has('fastify') && packages.has('@sinclair/typebox'), 'its packages were found');
  t.notOk(builtinModules.some((name) => packages.has(name)));
});

t.test('the guide is built from what its stage has, and the image gets nothing else of it', async (t) => {
  const isInStage = isIn(copiedBy(guideStage));
  for (const program of ['scripts/guide.ts', 'docs/.vitepress/config.ts']) {
    const { files } = await loadedBy(program);
    t.ok(files.size > 1, `${program} was walked`);
    t.same(
      [...files, ...Object.keys(published), ...Object.keys(shownBy)].filter((file) => !isInStage(file)),
      [],
    );
  }
  t.match(lastStage, /^COPY --from=guide \/app\/docs\/\.vitepress\/dist docs\/\.vitepress\/dist$/m);
  t.equal(lastStage.match(/--from=guide/g)?.length, 1);
  t.ok(ignore.lastIndexOf('docs/.vitepress/dist') > ignore.indexOf('!docs'), 'and none that was built on this machine gets there');
});

t.test('no stage installs the clients, which are workspaces of their own', (t) => {
  const installations = [...dockerfile.matchAll(/^RUN npm ci .*$/gm)].map(([line]) => line);
  t.equal(installations.length, 2);
  for (const line of installations) t.match(line, ' --workspaces=false ');
  for (const workspace of workspaces) t.notOk(isIn(copied)(workspace), `${workspace} is not copied`);
  t.equal(installations.filter((line) => line.includes('--omit=dev')).length, 1);
  t.match(lastStage, /^COPY --from=packages \/app\/node_modules node_modules$/m, 'the image has those without development packages');
  t.end();
});

t.test('what the Dockerfile copies is there, and is not kept from the builder', (t) => {
  const letThrough = isIn(ignore.filter((line) => line.startsWith('!')).map((line) => line.slice(1)));
  t.ok(copied.length > 6);
  for (const path of copied) {
    t.ok(existsSync(new URL(path, root)), path);
    t.ok(letThrough(path), `.dockerignore lets ${path} through`);
  }
  t.end();
});

t.test('no package of production needs an install script: the image is built with none', async (t) => {
  const { packages } = JSON.parse(await read('package-lock.json'));
  const withScripts = Object.entries(packages as Record<string, { dev?: true; hasInstallScript?: true }>)
    .filter(([, { dev, hasInstallScript }]) => hasInstallScript && !dev)
    .map(([place]) => place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length));
  // What package.json forbids to run a script works without it on a developer's machine too.
  t.same(
    withScripts.filter((name) => allowScripts[name] !== false),
    [],
  );
});

t.test('every optional package of another platform is in the lock file: without one npm ci refuses on every machine', async (t) => {
  const { packages } = JSON.parse(await read('package-lock.json'));
  const missing = Object.entries(packages as Record<string, { optionalDependencies?: Record<string, string> }>).flatMap(
    ([name, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter(
        (each) => !(`node_modules/${each}` in packages) && !(`${name}/node_modules/${each}` in packages),
      ),
  );
  t.same(missing, []);
});

t.test('the image and npm start run the server with the flags of every other start', (t) => {
  t.ok(dockerfile.includes(`\nCMD ${JSON.stringify([...serverFlags, 'src/main.ts']).replaceAll(',', ', ')}`));
  t.equal(scripts.start, `node ${serverFlags.join(' ')} src/main.ts`);
  t.end();
});

t.test('the image runs as a number that is not root, and without a shell', (t) => {
  t.match(lastStage, /^USER [1-9]\d*:[1-9]\d*$/m);
  t.match(lastStage, /^ENTRYPOINT \["node"\]$/m);
  t.match(lastStage, /^HEALTHCHECK .* CMD \["node", "deploy\/compose\/healthcheck\.ts"\]$/m);
  t.notMatch(lastStage, /^RUN /m, 'nothing runs while the last stage is built');
  t.end();
});
