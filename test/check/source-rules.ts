import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/** A source file of the project: path relative to the root, with "/" between folders. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** Longest file, lines (STYLE: none over 350). */
export const maxLines = 350;

const services = ['broker', 'ingest', 'dashboard', 'device-sim'];
/** Rooms of `shared` from the ground up: a room imports only rooms that stand before it. */
const rooms = ['runtime', 'contracts', 'measures', 'journal', 'registry', 'telemetry-store'];
const importPattern = /(?:from\s+|import\s*\(\s*|import\s+)'([^']+)'/g;

/** Import direction (DESIGN 3): shared never imports a service, services never each other, rooms of shared only downwards. */
export function importFaults(file: SourceFile): string[] {
  const from = placeOf(file.path);
  const faults: string[] = [];
  for (const [, target] of file.text.matchAll(importPattern)) {
    const to = placeOf(resolveImport(file.path, target!));
    if (to === undefined || from === undefined) continue;
    if (from.area === 'shared' && to.area !== 'shared') {
      faults.push(`${file.path}: shared may not import ${to.area} (${target})`);
    } else if (services.includes(from.area) && to.area !== from.area && to.area !== 'shared') {
      faults.push(`${file.path}: ${from.area} may not import ${to.area} (${target})`);
    } else if (
      from.area === 'shared' &&
      to.area === 'shared' &&
      rooms.indexOf(to.room) > rooms.indexOf(from.room)
    ) {
      faults.push(`${file.path}: the room ${from.room} may not import the room ${to.room} (${target})`);
    }
  }
  return faults;
}

/** A file that grew beyond what one reads in a sitting. */
export function lengthFaults(file: SourceFile): string[] {
  const lines = file.text.split('\n').length - 1;
  return lines > maxLines
    ? [
        `${file.path}: ${lines} lines, the limit is ${maxLines}: split where the second reason to change begins`,
      ]
    : [];
}

/** Imports name a file that exists (the type checker cannot see the web app and the server at once). */
export function missingImportFaults(file: SourceFile, root: string): string[] {
  const faults: string[] = [];
  for (const [, target] of file.text.matchAll(importPattern)) {
    if (!target!.startsWith('@waystation/shared/')) continue;
    if (!existsSync(join(root, resolveImport(file.path, target!))))
      faults.push(`${file.path}: ${target} does not exist`);
  }
  return faults;
}

function resolveImport(path: string, target: string): string {
  const own = /^@waystation\/([^/]+)\/(.+)$/.exec(target);
  if (own !== null) return `${own[1]}/src/${own[2]}.ts`;
  return target.startsWith('.') ? normalize(join(dirname(path), target)) : target;
}

function placeOf(path: string): { area: string; room: string } | undefined {
  const [area, , room] = path.split('/');
  if (area === undefined || (area !== 'shared' && !services.includes(area))) return undefined;
  return { area, room: room ?? '' };
}
