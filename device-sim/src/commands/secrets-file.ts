import { readFileSync } from 'node:fs';
import { errorLine } from '@waystation/shared/runtime/errors';
import { z } from 'zod';
import { usage } from '../command-line.ts';

const secretsSchema = z.record(z.string(), z.string());
/** What the demo district keeps of its own. */
const demoSecretsSchema = z.object({ secrets: secretsSchema });

/** Login -> secret: a JSON object, or the sim-secrets.json of a demo district. @throws WaystationError `usage`. */
export function readSecretsFile(file: string): Record<string, string> {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, 'utf8'));
  } catch (thrown) {
    throw usage(`${file} cannot be read as JSON: ${errorLine(thrown)}.`);
  }
  const demo = demoSecretsSchema.safeParse(content);
  if (demo.success) return demo.data.secrets;
  const plain = secretsSchema.safeParse(content);
  if (plain.success) return plain.data;
  throw usage(`${file} must hold {"login": "secret", ...}.`);
}
