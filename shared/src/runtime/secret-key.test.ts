import { mkdtempSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { generateSecret, hashSecret, loadSecretKey, secretMatches, serviceSecret } from './secret-key.ts';

const folder = mkdtempSync(join(tmpdir(), 'waystation-key-'));

it('makes the key once, readable by its owner only', () => {
  const file = join(folder, 'deep/secret.key');
  const key = loadSecretKey(file);
  expect(loadSecretKey(file).equals(key)).toBe(true);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

it('refuses a key file that holds no key', () => {
  const file = join(folder, 'bad.key');
  writeFileSync(file, 'hello');
  expect(() => loadSecretKey(file)).toThrow(/32 bytes/);
});

it('gives each service its own password', () => {
  const key = loadSecretKey(join(folder, 'services.key'));
  expect(serviceSecret(key, 'dashboard')).not.toBe(serviceSecret(key, 'ingest'));
  expect(serviceSecret(key, 'dashboard')).toBe(serviceSecret(key, 'dashboard'));
});

it('tells the right secret from a wrong one', () => {
  const secret = generateSecret();
  expect(Buffer.from(secret, 'base64url').length * 8).toBeGreaterThanOrEqual(128);
  const stored = hashSecret(secret);
  expect(secretMatches(secret, stored)).toBe(true);
  expect(secretMatches(`${secret}x`, stored)).toBe(false);
  expect(hashSecret(secret).hash).not.toBe(stored.hash);
});
