import { buildApp } from '../src/app.ts';
import { loadConfig } from '../src/config.ts';

/**
 * The text of `openapi/openapi.json`: the description of the application as it is composed, which is not started and meets no database.
 */
export async function openApiText(): Promise<string> {
  const app = await buildApp({
    config: loadConfig({
      LOG_LEVEL: 'silent',
      DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
      KEY_PEPPER: 'not used by anything that is described here',
    }),
  });
  try {
    return `${JSON.stringify(app.openApi(), null, 2)}\n`;
  } finally {
    await app.close();
  }
}
