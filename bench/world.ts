import type { LoadLogin } from '../device-sim/src/load/run-load.ts';

const stations = 10;
const devicesPerStation = 18;
const connections = 100;
const secretOf = (station: number) => `bench-secret-of-station-${station}`;

/** The district of the bench (DESIGN 6): 180 door counters in 10 stations, each station with a gateway login. */
export const benchDistrict = `
district: { name: bench, zone: Asia/Shanghai }
units: [{ id: u1, name: bench, type: 街道 }]
stations:
${Array.from({ length: stations }, (_, station) => {
  const devices = Array.from(
    { length: devicesPerStation },
    (_each, device) => `{ id: door-${device}, kind: door-counter }`,
  );
  return `  - { id: s${station}, unit: u1, name: s${station}, gateway: true, gatewaySecret: ${secretOf(station)}, devices: [${devices.join(', ')}] }`;
}).join('\n')}
`;

/** 100 connections over the 180 devices. */
export function benchLogins(): LoadLogin[] {
  const logins = Array.from({ length: connections }, (_, index) => ({
    login: `s${index % stations}`,
    secret: secretOf(index % stations),
    devices: [] as string[],
  }));
  for (let device = 0; device < stations * devicesPerStation; device += 1) {
    const station = device % stations;
    const place = Math.floor(device / stations);
    logins[station + stations * (place % (connections / stations))]!.devices.push(
      `s${station}/door-${place}`,
    );
  }
  return logins;
}

/** Limits as they are, except the rate per device; 100 connections come from one machine. */
export const benchEnvironment = { MAX_PUBLISHES_PER_SECOND: '1000000', LOG_LEVEL: 'warn' };
