// A process that keeps many connections open to a port, each silent at some point of its beginning, and opens another for
// each that is closed. `node flood.mjs KIND PORT COUNT`, until SIGTERM; says "open N" each half second.
import net from 'node:net';
import { hello } from './tls.mjs';

const [kind, port, count] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const PER_ADDRESS = 480; // below what the relay takes of silent ones from one
const A_TICK = 100; // opened each 20 ms at first; once all stood, a tenth of it

const BEGINNINGS = {
	silent: () => '',
	'half a ClientHello': async () => (await hello(['http/1.1'])).subarray(0, 100),
	'a stalled TLS handshake': () => hello(['http/1.1']),
	'half a head': () => 'POST /a/x HTTP/1.1\r\nHost: localhost\r\nX-Half: ',
	"half a tunnel's handshake": () => 'GET /_creel/tunnel HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n',
	"a tunnel's stalled TLS handshake": () => hello(['creel/1']),
	"a tunnel's whole handshake": () => 'GET /_creel/tunnel HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n'
		+ 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: creel.v1\r\n\r\n',
};
const beginning = await BEGINNINGS[kind]();
const open = new Set();
let made = 0;
setInterval(() => {
	const most = made < count ? A_TICK : A_TICK / 10;
	for (let i = 0; i < most && open.size < count; i++) {
		const n = made++ % count;
		const socket = net.connect({ port, host: '127.0.0.1', localAddress: `127.0.5.${1 + Math.floor(n / PER_ADDRESS)}` });
		open.add(socket);
		socket.on('error', () => {}).on('close', () => open.delete(socket)).resume();
		if (beginning.length) socket.write(beginning);
	}
}, 20);
setInterval(() => console.log(`open ${open.size}`), 500);
process.on('SIGTERM', () => process.exit(0));
