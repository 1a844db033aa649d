// slowhttptest beside a live tunnel: heads that never end, bodies that never end, readers that hardly read, two hundred at
// once each. The webhooks of somebody else are all answered, and in time.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { after, before, describe, it } from 'node:test';
import { World, freePort, waitFor, within } from './lib/harness.mjs';
import { Sender } from './lib/http.mjs';
import { largest } from './lib/pages.mjs';

const MiB = 1 << 20;
const SECONDS = 8;
const MOST_MS = 5000; // with sanitizers, on a machine that does other things as well: a tenth of a second without either

describe('slow senders and readers', () => {
	const w = new World();
	let relay, db, tool;
	before(async () => {
		tool = (await w.run('sh', ['-c', 'command -v slowhttptest'])).text.trim();
		// An app that is quick, and has a process of its own.
		const port = await freePort(), scratch = w.path('nginx');
		mkdirSync(scratch);
		writeFileSync(w.path('nginx', 'page'), Buffer.alloc(3 * MiB, 'a page of the app '));
		writeFileSync(w.path('nginx.conf'), `
			${process.getuid() === 0 ? 'user root;' : ''} daemon off; pid ${w.path('nginx.pid')}; error_log stderr crit; worker_processes 1;
			events { worker_connections 2048; }
			http {
				access_log off;
				client_body_temp_path ${scratch}; proxy_temp_path ${scratch};
				fastcgi_temp_path ${scratch}; uwsgi_temp_path ${scratch}; scgi_temp_path ${scratch};
				server {
					listen 127.0.0.1:${port} backlog=2048;
					location / { return 200 "taken"; }
					location = /page { root ${scratch}; }
				}
			}`);
		const nginx = w.spawn('nginx', ['-c', w.path('nginx.conf'), '-p', w.dir]);
		await waitFor(() => `nginx to listen\n${nginx.err}`, () => Sender.connect(port).then((s) => s.end().then(() => true), () => false));
		// All of them are let in: the caps of an address are another test's.
		relay = await w.startRelay({ args: ['--max-connections-per-address', '2000', '--header-timeout', '5s', '--body-timeout', '5s', '--record-timeout', '30s'] });
		db = w.path('store', 'creel.db');
		await w.startClient({ relay, target: port, name: 'live', db, args: ['--max-size', '16MiB'] });
	});
	after(() => w.close());

	const agent = new http.Agent({ keepAlive: true, maxSockets: 4 });
	after(() => agent.destroy());
	const hook = (path) => new Promise((resolve, reject) => {
		const begun = performance.now();
		const request = http.request({ port: relay.port, host: '127.0.0.1', method: 'POST', path, agent }, (response) => {
			response.resume();
			response.on('end', () => resolve({ status: response.statusCode, ms: performance.now() - begun }));
		});
		request.on('error', reject);
		request.end('{"a":"webhook"}');
	});

	/** Runs slowhttptest, with webhooks all the while and until `settled`; gives their times. */
	async function beside(name, args, settled = () => true) {
		const p = w.spawn(tool, [...args, '-c', '200', '-r', '200', '-l', String(SECONDS)]);
		const times = [];
		const send = async (k) => {
			const a = await within('a webhook', hook(`/live/hook/${name}/${k}`), 30_000);
			assert.equal(a.status, 200);
			times.push(a.ms);
		};
		const end = Date.now() + 90_000;
		for (let k = 0; !p.result || times.length <= 20 || !(await settled()); k += 2) {
			await Promise.all([send(k), send(k + 1)]);
			if (Date.now() > end) throw new Error(`slowhttptest or what it left does not end:\n${p.stdout.toString().slice(-2000)}`);
		}
		await p.end();
		assert.match(p.stdout.toString(), /slow (HEADERS|BODY|READ)|range/i, 'it ran');
		times.sort((a, b) => a - b);
		const worst = times.at(-1);
		assert.ok(times.length > 20, `${times.length} webhooks`);
		assert.ok(worst < MOST_MS, `the slowest of ${times.length} webhooks took ${Math.round(worst)} ms, the median ${Math.round(times[times.length >> 1])}`);
		const last = times.length - 1;
		await w.recorded((r) => r.target === `/hook/${name}/${last}` && r.state === 'delivered', { args: ['--db', db] });
		return p;
	}

	for (const [name, what, args] of [
		['heads', 'heads that never end (slowloris)', ['-H', '-i', '1', '-t', 'POST']],
		['bodies', 'bodies that never end', ['-B', '-i', '1', '-s', '100000']],
		['ranges', 'a Range of thousands of overlapping pieces', ['-R', '-a', '1', '-b', '3000', '-t', 'HEAD']],
	])
		it(`${what}: webhooks are answered all the while`, async (t) => {
			if (!tool) return void t.skip('slowhttptest is not here');
			await beside(name, [...args, '-u', `http://127.0.0.1:${relay.port}/live/slow-${name}`]);
			assert.equal((await hook('/live/behind')).status, 200);
		});

	it('readers that hardly read, of a page of 3 MB: webhooks are answered meanwhile and when they hang up; the record stays small', async (t) => {
		if (!tool) return void t.skip('slowhttptest is not here');
		const page = '/page';
		let asked = 0;
		const most = await largest(db, () =>
			beside('read', ['-X', '-n', '2', '-w', '512', '-y', '1024', '-z', '32', '-u', `http://127.0.0.1:${relay.port}/live${page}`], async () => {
				// By filter: of the newest rows alone, webhooks of a quick relay would leave none of the pages.
				const rows = await w.list(9999, { args: ['--db', db, `path:${page}`] });
				asked = rows.length;
				return rows.every((r) => r.status !== null);
			}));
		assert.ok(asked >= 100, `${asked} pages were asked for`);
		assert.ok(most <= 16 * MiB + MiB / 8, `the store's files took ${most} bytes`);
	});
});
