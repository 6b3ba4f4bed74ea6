/** One command of the simulator. `help` begins with its call and explains every option. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  readonly help: string;
  run(args: readonly string[]): Promise<void>;
}

/** A line for the person who called. */
export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
