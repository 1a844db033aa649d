// Proxies for the tests: ones of our own, which can be told to misbehave, and those of Debian where they are installed.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { freePort, waitFor } from './harness.mjs';

/** Listens on a port of its own; closed with the world, connections included. */
export async function serve(world, server) {
	const open = new Set();
	server.on('connection', (socket) => open.add(socket.on('error', () => {})));
	server.cut = () => open.forEach((socket) => socket.destroy());
	world.keep({ close: () => (server.close(), server.cut()) });
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	server.at = `127.0.0.1:${server.address().port}`;
	return server;
}

/** Carries bytes both ways until either ends. Names of *.invalid lead to this machine, as they do in a company's network. */
function carry(socket, host, port, opened) {
	const to = net.connect(port, host.endsWith('.invalid') ? '127.0.0.1' : host, () => {
		opened(socket);
		socket.pipe(to).pipe(socket);
	});
	socket.on('error', () => {}).on('close', () => to.destroy());
	to.on('error', () => socket.destroy()).on('close', () => socket.destroy());
}

/**
 * An HTTP proxy. `answer` in the place of opening the way: a status with its fields, for whoever does not say `login`.
 * `tls`: a certificate, for an https proxy. Its `asked` has each CONNECT with its Proxy-Authorization.
 */
export async function httpProxy(world, { login, answer, tls } = {}) {
	const server = tls ? https.createServer({ cert: tls.pem, key: tls.keyPem }) : http.createServer();
	server.asked = [];
	server.on('connect', (request, socket) => {
		const said = request.headers['proxy-authorization'];
		server.asked.push({ url: request.url, said });
		const known = login && said === `Basic ${Buffer.from(login).toString('base64')}`;
		if (answer && !known) {
			socket.on('error', () => {});
			socket.end(`HTTP/1.1 ${answer}\r\nContent-Length: 5\r\nConnection: close\r\n\r\nno!\r\n`);
			return;
		}
		const [, host, port] = /^\[?(.*?)\]?:(\d+)$/.exec(request.url);
		carry(socket, host, Number(port), () => socket.write('HTTP/1.1 200 Connection established\r\n\r\n'));
	});
	return serve(world, server);
}

/** SOCKS5 (RFC 1928, 1929). `login`: 'user:password' that it wants. `reply`: the code it answers every request with. */
export async function socksProxy(world, { login, reply = 0 } = {}) {
	const server = net.createServer((socket) => {
		let state = 'greeting';
		let got = Buffer.alloc(0);
		socket.on('error', () => {});
		const take = (n) => {
			const piece = got.subarray(0, n);
			got = got.subarray(n);
			return piece;
		};
		socket.on('data', function onData(piece) {
			got = Buffer.concat([got, piece]);
			if (state === 'greeting' && got.length >= 2 && got.length >= 2 + got[1]) {
				if (got[0] !== 5) return void socket.end(); // not spoken here, and no way to say so
				const methods = [...take(2 + got[1]).subarray(2)];
				const method = login ? 2 : 0;
				if (!methods.includes(method)) return void socket.end(Buffer.from([5, 0xff]));
				socket.write(Buffer.from([5, method]));
				state = login ? 'login' : 'request';
			}
			if (state === 'login' && got.length >= 2 && got.length >= 3 + got[1] + (got[2 + got[1]] ?? 0)) {
				const user = got.subarray(2, 2 + got[1]).toString();
				const password = got.subarray(3 + got[1], 3 + got[1] + got[2 + got[1]]).toString();
				take(3 + got[1] + got[2 + got[1]]);
				if (`${user}:${password}` !== login) return void socket.end(Buffer.from([1, 1]));
				socket.write(Buffer.from([1, 0]));
				state = 'request';
			}
			if (state !== 'request' || got.length < 10) return undefined;
			const named = got[3] === 3;
			const length = named ? got[4] + 1 : 4;
			if (got.length < 6 + length) return undefined;
			const host = named ? got.subarray(5, 5 + got[4]).toString() : [...got.subarray(4, 8)].join('.');
			const port = got.readUInt16BE(4 + length);
			take(6 + length);
			server.asked.push({ host, port, named });
			const say = (code) => Buffer.from([5, code, 0, 1, 0, 0, 0, 0, 0, 0]);
			if (reply) return void socket.end(say(reply));
			socket.off('data', onData);
			socket.pause();
			carry(socket, host, port, () => socket.write(say(0)));
			return undefined;
		});
	});
	server.asked = [];
	return serve(world, server);
}

/** SOCKS4 and 4a: the name follows the user where the address is 0.0.0.x. */
export async function socks4Proxy(world) {
	const server = net.createServer((socket) => {
		socket.on('error', () => {});
		socket.once('data', (piece) => {
			const named = piece.subarray(4, 7).every((b) => b === 0) && piece[7] !== 0;
			const [, name] = piece.subarray(8).toString().split('\0');
			const host = named ? name : [...piece.subarray(4, 8)].join('.');
			const port = piece.readUInt16BE(2);
			server.asked.push({ host, port, named });
			socket.pause();
			carry(socket, host, port, () => socket.write(Buffer.from([0, 0x5a, 0, 0, 0, 0, 0, 0])));
		});
	});
	server.asked = [];
	return serve(world, server);
}

/** Whether a program of Debian's is there. */
export function has(program) {
	try {
		execFileSync('sh', ['-c', `command -v ${program}`], { env: { PATH: `${process.env.PATH}:/usr/sbin` }, stdio: 'pipe' });
		return true;
	} catch {
		return false;
	}
}

const taken = (port) => new Promise((resolve) => {
	const socket = net.connect(port, '127.0.0.1', () => {
		socket.destroy();
		resolve(true);
	});
	socket.on('error', () => resolve(false));
});

/** What squid's helper for each way of asking is; ntlm_fake_auth takes any password that is sent as NTLM wants it. */
const squidAuth = {
	basic: (file) => `basic program /usr/lib/squid/basic_ncsa_auth ${file}`,
	digest: (file) => `digest program /usr/lib/squid/digest_file_auth ${file}`,
	ntlm: () => 'ntlm program /usr/lib/squid/ntlm_fake_auth',
};

/**
 * Starts one of Debian's, and gives "127.0.0.1:PORT". `login`: 'user:password'. `auth`: how squid asks for it, one of
 * squidAuth. `refuses`: a port that it connects nobody to.
 */
export async function realProxy(world, program, { login, auth, refuses } = {}) {
	const port = await freePort();
	const [user, password] = (login ?? ':').split(':');
	const file = world.fresh(`${program}.conf`);
	const starts = {
		tinyproxy: () => {
			writeFileSync(file, `Port ${port}\nListen 127.0.0.1\nAllow 127.0.0.1\nTimeout 600\nDisableViaHeader Yes\n${login ? `BasicAuth ${user} ${password}\n` : ''}`);
			return ['tinyproxy', ['-d', '-c', file]];
		},
		squid: () => {
			chmodSync(world.dir, 0o711); // it gives up root's rights
			const users = world.fresh('users');
			if (login) writeFileSync(users, auth === 'digest' ? `${login}\n` : `${user}:${execFileSync('openssl', ['passwd', '-apr1', password])}`, { mode: 0o644 });
			const ask = login ? `auth_param ${squidAuth[auth](users)}\nauth_param ${auth === 'ntlm' ? 'ntlm children 2' : `${auth} realm tests`}\nacl known proxy_auth REQUIRED\n` : '';
			const refuse = refuses ? `acl shut port ${refuses}\nhttp_access deny shut\n` : '';
			writeFileSync(file, `http_port 127.0.0.1:${port}\nacl all_ports port 1-65535\n${ask}${refuse}http_access allow ${login ? 'known' : 'all'}\npid_filename none\nvisible_hostname proxy.example\ncache_log /dev/null\naccess_log none\ncache deny all\n`
				+ `coredump_dir /\nshutdown_lifetime 1 seconds\n${process.getuid() === 0 ? 'cache_effective_user proxy\n' : ''}pinger_enable off\n`);
			return ['squid', ['-N', '-f', file]];
		},
		danted: () => {
			const rule = `{ from: 0.0.0.0/0 to: 0.0.0.0/0 }`;
			writeFileSync(file, `logoutput: /dev/null\ninternal: 127.0.0.1 port = ${port}\nexternal: lo\nclientmethod: none\nsocksmethod: none\n${process.getuid() === 0 ? 'user.privileged: root\nuser.unprivileged: nobody\n' : ''}`
				+ `client pass ${rule}\n${refuses ? `socks block { from: 0.0.0.0/0 to: 0.0.0.0/0 port = ${refuses} }\n` : ''}socks pass ${rule}\n`);
			return ['danted', ['-f', file]];
		},
		microsocks: () => ['microsocks', ['-i', '127.0.0.1', '-p', String(port), ...(login ? ['-u', user, '-P', password] : [])]],
	};
	const p = world.spawn(...starts[program]());
	await waitFor(() => `${program} on ${port}\n${p.err}${p.stdout}`, () => p.result || taken(port));
	if (p.result) throw new Error(`${program} ended: ${JSON.stringify(p.result)} ${p.err}${p.stdout}`);
	return `127.0.0.1:${port}`;
}
