// One request in is at most one request out, and nobody gets another's answer: raw requests that two readers of HTTP may read
// differently (lib/ambiguous.mjs), to the relay alone and through proxies before it. After each, two innocent requests follow on
// its connection, where it is still open, and one on a fresh connection. How each is answered is compared where the relay itself
// reads it; a proxy may refuse it, or put it right.
import assert from 'node:assert/strict';
import net from 'node:net';
import tls from 'node:tls';
import { describe, it } from 'node:test';
import { ambiguous } from './lib/ambiguous.mjs';
import { FRONTS, startFront } from './lib/fronts.mjs';
import { World, waitFor } from './lib/harness.mjs';
import { Receiver, Sender, field, requestBytes } from './lib/http.mjs';
import { makeCertificate } from './lib/tls.mjs';

const TUNNELS = ['t', 'u', 'v', 'w']; // names of one letter: lengths and chunk sizes stay right
// What a proxy left of a body stands before the method.
const INNOCENT = /\d+-\d: \S*POST \/innocent HTTP\/1\.1 with \d+ bytes/;
const PATIENCE_MS = 2500; // longer than the relay waits for the rest of a head or body

/** A harmless request, and what the app answers it. */
const innocent = (id, body) => ({
	text: `${id}: POST /innocent HTTP/1.1 with ${body.length} bytes`,
	id,
	body,
});

function innocentBytes(tunnel, { id, body }) {
	return requestBytes('POST', `/${tunnel}/innocent`, ['Host: localhost', `X-Innocent: ${id}`, `Content-Length: ${body.length}`], body);
}

/** A sender's connection that keeps the text of what it is told. */
class Raw {
	constructor(port, tlsOptions) {
		this.text = '';
		this.socket = tlsOptions ? tls.connect({ port, host: '127.0.0.1', ...tlsOptions }) : net.connect(port, '127.0.0.1');
		this.socket.on('data', (piece) => (this.text += piece.toString('latin1'))).on('error', () => {}).on('close', () => (this.closed = true));
	}

	/** Each answer that began: { status, text }, interim ones left out. */
	get answers() {
		return this.text.split(/(?=HTTP\/1\.[01] \d{3} )/).map((text) => ({ status: Number(/^HTTP\/1\.[01] (\d{3}) /.exec(text)?.[1] ?? 0), text })).filter((a) => a.status >= 200);
	}

	/** The statuses of what did not go to an innocent request. */
	get statuses() {
		return this.answers.filter((a) => !INNOCENT.test(a.text)).map((a) => a.status);
	}

	/** How many of them the app gave. */
	get fromApp() {
		return this.answers.filter((a) => !INNOCENT.test(a.text) && /^x-app: yes\r$/im.test(a.text)).length;
	}
}

/** One tunnel of the relay, its client and app, and a part of the requests one after another. */
class Lane {
	constructor(w, { tunnel, port, tlsOptions, judged }) {
		Object.assign(this, { w, tunnel, port, tlsOptions, judged, raws: [] });
	}

	async start(relayUrl, args) {
		this.app = this.w.keep(await Receiver.start({
			answer: (request, socket) => {
				const body = `${field(request.lines, 'X-Innocent') ?? 'somebody'}: ${request.requestLine} with ${request.body.length} bytes`;
				socket.write(`HTTP/1.1 200 OK\r\nX-App: yes\r\nContent-Length: ${body.length}\r\n\r\n${request.method === 'HEAD' ? '' : body}`);
			},
		}));
		await this.w.startClient({ relayUrl, target: this.app.port, name: this.tunnel, db: this.w.path(`${this.tunnel}.db`), args });
		return this;
	}

	get calls() {
		return this.app.requests.filter((r) => !field(r.lines, 'X-Innocent'));
	}

	async run(i, { name, want, bytes }) {
		const raw = new Raw(this.port, this.tlsOptions);
		this.raws.push(raw);
		raw.socket.write(Buffer.from(bytes.toString('latin1').replaceAll('/t/', `/${this.tunnel}/`), 'latin1'));
		let end = Date.now() + PATIENCE_MS;
		const most = Math.max(...want.map((w) => w.split(' ').length));
		await waitFor(`an end of ${name}`, () => raw.closed || (raw.answers.length && (raw.answers.length >= most || !this.judged)) || Date.now() > end);
		const statuses = raw.statuses.join(' ');
		if (this.judged) assert.ok(want.includes(statuses), `${name}: answered ${statuses || 'nothing'}, not ${want.join(' or ')}: ${raw.text}`);
		// On the same connection. A proxy that is still waiting for the rest of a body takes them for it.
		const pair = [innocent(`${i}-0`, 'a'.repeat(i)), innocent(`${i}-1`, 'b'.repeat(200 + i))];
		if (statuses && !raw.closed) {
			const had = raw.answers.length;
			raw.socket.write(Buffer.concat(pair.map((one) => innocentBytes(this.tunnel, one))));
			end = Date.now() + PATIENCE_MS;
			await waitFor(`the innocent ones behind ${name}`, () => raw.closed || raw.answers.length >= had + 2 || Date.now() > end);
			if (this.judged) assert.ok(raw.closed || raw.answers.length >= had + 2, `${name}: neither answers to the innocent ones behind it nor an end: ${raw.text}`);
		}
		const given = raw.answers.map((a) => INNOCENT.exec(a.text)?.[0]).filter(Boolean);
		for (const [n, text] of given.entries()) {
			const own = this.judged ? text : text.replace(/: \S*POST/, ': POST');
			assert.equal(own, pair[n]?.text, `not its own answer behind ${name}: ${raw.text}`);
		}
		// On one of its own: the proxy's to the relay may be one that it used before.
		const fresh = innocent(`${i}-2`, 'c'.repeat(300 + i));
		const sender = await Sender.connect(this.port, { tlsOptions: this.tlsOptions });
		sender.write(innocentBytes(this.tunnel, fresh));
		const answer = await sender.answer();
		assert.equal(answer?.status, 200, `an innocent one after ${name}: ${answer?.text}`);
		assert.equal(answer.text, fresh.text, `another's answer after ${name}`);
		await sender.end();
		// Of this one and those before it, of which some may have come late.
		await waitFor(() => `${name}: ${this.calls.length} at the app, the last ${this.calls.at(-1)?.requestLine}; ${this.answered} answered: ${raw.text}`,
			() => this.calls.length === this.answered, PATIENCE_MS);
	}

	get answered() {
		return this.raws.reduce((sum, raw) => sum + raw.fromApp, 0);
	}
}

describe('requests that may be read in two ways', { concurrency: 3 }, () => {
	for (const name of [null, 'nginx', 'haproxy', 'Caddy', 'Apache', 'haproxy that passes bytes on']) {
		it(`one request in, at most one request out: ${name ? `behind ${name}` : 'the relay alone'}`, async () => {
			const w = new World();
			try {
				const certificate = makeCertificate(w.dir, 'smuggling');
				const relayArgs = ['--header-timeout', '1s', '--body-timeout', '1s'];
				const front = name ? await startFront(w, name, { certificate, relayArgs }) : { relay: await w.startRelay({ args: relayArgs }) };
				const port = front.port ?? front.relay.port;
				const tlsOptions = name ? { ca: certificate.pem, servername: 'localhost' } : undefined;
				const url = name ? `https://localhost:${port}` : `http://127.0.0.1:${port}`;
				const lanes = await Promise.all(TUNNELS.map((tunnel) => new Lane(w, { tunnel, port, tlsOptions, judged: !name || FRONTS[name].relayHasTls })
					.start(url, name ? ['--ca', certificate.cert] : [])));

				const left = [...ambiguous().entries()];
				const faults = [];
				await Promise.all(lanes.map(async (lane) => {
					for (let next; (next = left.shift());) {
						try {
							await lane.run(...next);
						} catch (error) {
							faults.push(error.message);
						}
					}
				}));
				assert.deepEqual(faults, []);
				// What came late.
				for (const lane of lanes) {
					assert.equal(lane.calls.length, lane.answered, 'requests at the app, and answers');
					for (const raw of lane.raws) raw.socket.destroy();
				}
				assert.ok(lanes.some((lane) => lane.calls.length > 10), 'not all were refused');
				await w.endsCleanly();
			} finally {
				await w.close();
			}
		});
	}
});
