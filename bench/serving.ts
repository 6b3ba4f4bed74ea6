import { connect } from 'node:net';

/** Where a started system is to be found. */
interface Address {
  readonly url: string;
  readonly mqttPort: number;
  readonly adminPassword: string;
}

interface StationList {
  readonly stations: readonly { figures: { entriesToday: { value: number | null } } | null }[];
}

/** Whether MQTT takes connections and the API answers with at least so many stations that have figures. */
export async function isServing(
  { url, mqttPort, adminPassword }: Address,
  stations: number,
): Promise<boolean> {
  try {
    const answer = await fetch(`${url}/api/v1/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username: 'admin', password: adminPassword }),
    });
    const { token } = (await answer.json()) as { token: string };
    const list = await fetch(`${url}/api/v1/stations`, { headers: { authorization: `Bearer ${token}` } });
    const { stations: all } = (await list.json()) as StationList;
    const known = all.filter(({ figures }) => typeof figures?.entriesToday.value === 'number').length;
    return known >= stations && (await takesConnections(mqttPort));
  } catch {
    return false; // Not yet: nobody listens, or the answer is not whole.
  }
}

function takesConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
