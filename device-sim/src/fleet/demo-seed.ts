/** The demo district is the same on every machine. */
export const demoSeed = 'shunyi';
