'use strict';
/*
 * Starts a program of this project on the pinned Node, installing what is missing first.
 * Plain JavaScript that any Node from 18 on understands: it runs before anything is installed.
 *   node boot.cjs PROGRAM.ts [arguments]
 */
const { spawn, spawnSync } = require('node:child_process');
const { createHash } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');

const root = __dirname;
const stampFile = path.join(root, 'node_modules', '.waystation-installed');
const pinnedNode = path.join(root, 'node_modules', '.bin', 'node');
const neededMajor = 24;

/** What was installed: the lock file and every manifest decide it, and the machine. */
function wantedStamp() {
  const hash = createHash('sha256').update(`${process.platform}-${process.arch}\n`);
  const manifest = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'));
  for (const folder of ['.', ...manifest.workspaces])
    hash.update(fs.readFileSync(path.join(root, folder, 'package.json')));
  hash.update(fs.readFileSync(path.join(root, 'package-lock.json')));
  return hash.digest('hex');
}

function installed(stamp) {
  try {
    return fs.readFileSync(stampFile, 'utf8') === stamp;
  } catch {
    return false;
  }
}

function install(stamp) {
  process.stdout.write('waystation: installing packages (once; about a minute) ...\n');
  const started = Date.now();
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  // The newest npm warns about each package that wants a newer Node than the one that runs npm; the pinned Node runs them.
  const result = spawnSync(
    npm,
    ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error'],
    {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, NODE_ENV: '' },
    },
  );
  if (result.status !== 0) {
    process.stderr.write(
      'waystation: "npm ci" failed; its message stands above. Mend that (network? disk?) and start again.\n',
    );
    process.exit(1);
  }
  fs.writeFileSync(stampFile, stamp);
  process.stdout.write(`waystation: packages installed in ${Math.round((Date.now() - started) / 1000)} s\n`);
}

/** The Node that runs the programs: the pinned one, else this one when it is new enough. */
function runtime() {
  if (fs.existsSync(pinnedNode)) {
    const probe = spawnSync(pinnedNode, ['--version'], { encoding: 'utf8' });
    if (probe.status === 0 && major(probe.stdout.trim()) >= neededMajor) return fs.realpathSync(pinnedNode);
  }
  if (major(process.version) >= neededMajor) return process.execPath;
  process.stderr.write(
    `waystation: needs Node >= ${neededMajor}, this is ${process.version} and no pinned runtime exists for ${process.platform}-${process.arch}. Install Node ${neededMajor} and start again.\n`,
  );
  process.exit(2);
}

function major(version) {
  const match = /^v(\d+)\./.exec(version);
  return match === null ? 0 : Number(match[1]);
}

function main() {
  const [program, ...args] = process.argv.slice(2);
  if (program === undefined) {
    process.stderr.write('usage: node boot.cjs PROGRAM.ts [arguments]\n');
    process.exit(2);
  }
  const stamp = wantedStamp();
  if (!installed(stamp)) install(stamp);
  const node = runtime();
  const child = spawn(node, ['--disable-warning=ExperimentalWarning', path.join(root, program), ...args], {
    stdio: 'inherit',
    env: {
      ...process.env,
      PATH: `${path.join(root, 'node_modules', '.bin')}${path.delimiter}${process.env.PATH ?? ''}`,
    },
  });
  // A Ctrl-C reaches the whole terminal group; SIGTERM and SIGHUP reach only this process, so they are passed on.
  process.on('SIGINT', () => undefined);
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    process.stderr.write(`waystation: cannot start ${node}: ${error.message}\n`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

main();
