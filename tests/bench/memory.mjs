// What connections of senders cost the relay in memory: with a head of 64 KB that is not whole, silent, and idle after a
// request, plain and under TLS. Usage: node memory.mjs BUILD_DIR (with `ulimit -n` above 17,000)
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import tls from 'node:tls';

process.env.CREEL_BIN_DIR = path.resolve(process.argv[2]);
const { World, waitFor } = await import('../e2e/lib/harness.mjs');
const { makeCertificate } = await import('../e2e/lib/tls.mjs');
const { Tunnel } = await import('../e2e/lib/tunnel.mjs');

const PER_ADDRESS = 400; // below what the relay takes of silent ones from one
const HEAD = `POST /nobody/x HTTP/1.1\r\nHost: localhost\r\nX-Pad: ${'x'.repeat(64_000)}`;
const REQUEST = 'GET /a/x HTTP/1.1\r\nHost: localhost\r\n\r\n';
const SHAPES = [
	{ name: 'a head of 64 KB that is not whole', count: 2000, most: 160 * 1024, sends: HEAD },
	{ name: 'silent', count: 16_384, most: 64 * 1024 },
	{ name: 'idle after a request', count: 2000, mostEach: 4, sends: REQUEST, answered: true },
	{ name: 'idle after a request, TLS', count: 2000, mostEach: 20, sends: REQUEST, answered: true, secure: true },
];
let missed = 0;

async function connect(relay, shape, n) {
	const address = { port: relay.port, host: '127.0.0.1', localAddress: `127.0.6.${1 + Math.floor(n / PER_ADDRESS)}` };
	const socket = shape.secure ? tls.connect({ ...address, rejectUnauthorized: false }) : net.connect(address);
	socket.on('error', (error) => { throw error; });
	await once(socket, shape.secure ? 'secureConnect' : 'connect');
	if (shape.sends) await new Promise((done) => socket.write(shape.sends, done));
	if (shape.answered) await once(socket, 'data');
	return socket;
}

for (const shape of SHAPES) {
	const w = new World(), sockets = [];
	try {
		const adminFile = w.fresh('admin'), { cert, key } = makeCertificate(w.dir);
		const relay = await w.startRelay({ args: ['--header-timeout', '10m', '--admin', '127.0.0.1:0', '--admin-port-file', adminFile, ...(shape.secure ? ['--tls-cert', cert, '--tls-key', key] : [])] });
		const admin = await w.fileFrom(relay, adminFile);
		const metric = async () => Number(/^creel_connections (\d+)$/m.exec(await (await fetch(`http://${admin}/metrics`)).text())[1]);
		const kib = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${relay.pid}/status`, 'utf8'))[1]);
		const queued = () => readFileSync('/proc/net/tcp', 'utf8').split('\n').some((line) => {
			const f = line.trim().split(/\s+/);
			return f[1] === `0100007F:${relay.port.toString(16).toUpperCase().padStart(4, '0')}` && f[3] === '01' && !shape.answered && shape.sends && !f[4].endsWith(':00000000');
		});
		const tunnel = shape.answered && (await Tunnel.online(relay.port, 'a'));
		tunnel?.ws?.on('message', () => tunnel.frames.splice(0).filter((f) => f.type === 'REQUEST').forEach((f) => tunnel.answer(f)));
		await metric();
		const before = kib();
		for (let i = 0; i < shape.count; i += 64)
			sockets.push(...(await Promise.all(Array.from({ length: Math.min(64, shape.count - i) }, (_, k) => connect(relay, shape, i + k)))));
		await waitFor('all of them to be accepted', async () => (await metric()) >= shape.count);
		await waitFor('all to be read', () => !queued());
		const after = kib(), each = (after - before) / shape.count;
		const fine = shape.most ? after < shape.most : each < shape.mostEach;
		missed += !fine;
		console.log(`${shape.count} connections, ${shape.name}: relay ${before} -> ${after} KiB, ${each.toFixed(1)} KiB each (${shape.most ? `limit ${shape.most >> 10} MiB` : `limit ${shape.mostEach} KiB each`})${fine ? '' : ': MISSED'}`);
	} finally {
		sockets.forEach((s) => s.destroy());
		await w.close();
	}
}
process.exitCode = missed ? 1 : 0;
