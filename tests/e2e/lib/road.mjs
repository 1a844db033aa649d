// The whole road in one call: a relay, an app on a bare socket, and a client between them.
import { World } from './harness.mjs';
import { Receiver } from './http.mjs';

export async function openRoad({ name = 'road', relayArgs = [], clientArgs = [], answer, clientEnv } = {}) {
	const w = new World();
	try {
		const app = w.keep(await Receiver.start({ answer }));
		const relay = await w.startRelay({ args: relayArgs });
		const client = await w.startClient({ relay, target: app.port, name, args: clientArgs, env: clientEnv });
		return { w, app, relay, client, name };
	} catch (error) {
		await w.close();
		throw error;
	}
}
