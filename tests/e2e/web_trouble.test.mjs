// creel web where something is missing: a browser, room on the disk, the right to write.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { World, waitFor } from './lib/harness.mjs';
import { fill, line, startWeb, stream } from './lib/web.mjs';

describe('creel web --open', () => {
	let w;
	before(async () => {
		w = new World();
		await fill(w, [line(1)]);
	});
	after(() => w?.close());
	const start = async (browser) => {
		w.env.BROWSER = browser;
		try {
			return await startWeb(w, ['--open']);
		} finally {
			delete w.env.BROWSER;
		}
	};

	it('without a browser: says so, and goes on', async () => {
		const web = await start('/nowhere/browser');
		await waitFor('the sentence', () => /^creel: \/nowhere\/browser cannot be started: No such file or directory; open the address yourself$/m.test(web.err));
		assert.equal((await web.call('/api/deliveries/1')).status, 200);
		assert.equal((await web.stop('SIGTERM')).code, 0);
	});
	it('the token is in a file of the owner’s, not among the arguments, and the file goes with the command', async () => {
		const browser = w.path('browser.sh'), seen = w.path('seen');
		writeFileSync(browser, `#!/bin/sh\ncp "$1" ${seen}.page && printf %s "$*" > ${seen}.part && mv ${seen}.part ${seen}\n`);
		chmodSync(browser, 0o755);
		const web = await start(browser);
		await waitFor('the browser', () => existsSync(seen));
		const file = readFileSync(seen, 'utf8');
		assert.doesNotMatch(file, new RegExp(web.token));
		assert.equal(statSync(file).mode & 0o777, 0o600);
		assert.ok(readFileSync(`${seen}.page`, 'utf8').includes(web.url));
		assert.equal((await web.stop('SIGTERM')).code, 0);
		assert.ok(!existsSync(file));
	});
});

describe('creel web on a disk of its own', () => {
	let w, disk, mounted = false, filler = 0;
	const mount = (...options) => execFileSync('mount', options, { stdio: 'pipe' });
	before(() => {
		w = new World();
		disk = w.path('disk');
		mkdirSync(disk);
		try {
			mount('-t', 'tmpfs', '-o', 'size=3m,mode=0700', 'tmpfs', disk);
			mounted = true;
		} catch { /* not root, or no mount */ }
	});
	after(async () => {
		await Promise.allSettled(w.processes.map((p) => p.stop('SIGKILL')));
		if (mounted) execFileSync('umount', ['-l', disk]);
		await w?.close();
	});
	const fillDisk = () => {
		for (const size of [1 << 20, 1 << 16, 1 << 12]) {
			try {
				for (;;) writeFileSync(`${disk}/filler-${filler++}`, Buffer.alloc(size));
			} catch (error) {
				assert.equal(error.code, 'ENOSPC');
			}
		}
	};
	const record = async (name, lines) => {
		const file = w.fresh('lines');
		writeFileSync(file, `${lines.join('\n')}\n`);
		await w.creelOut(['import', file, '--format', 'ndjson', '--db', `${disk}/${name}`]);
	};

	it('that is full: what is on record is read, deeds are refused with a sentence until there is room', async (t) => {
		if (!mounted) return t.skip('a small tmpfs cannot be mounted here');
		await record('full.db', [1, 2, 3].map((n) => line(n)));
		const web = await startWeb(w, ['--db', `${disk}/full.db`]), s = stream(web);
		await waitFor('the stream', () => s.answered());
		fillDisk();
		const deeds = [['/api/deliveries/1/tags', 'POST', { name: 'seen', set: true }], ['/api/deliveries/1/note', 'POST', { text: 'x'.repeat(2000) }], ['/api/deliveries', 'DELETE', { ids: [2, 3], confirm_count: 2 }]];
		// Parts of the log that were written before are used again until it is full as well.
		let refused = 0;
		for (let i = 0; i < 400 && refused < 20; i++) {
			const a = await web.call('/api/deliveries/1/note', { method: 'POST', body: { text: `${i} ${'x'.repeat(1900)}` } });
			assert.ok([204, 503].includes(a.status), a.text);
			if (a.status !== 503) continue;
			refused++;
			assert.match(JSON.parse(a.text).type, /:store$/);
			assert.match(JSON.parse(a.text).detail, /full\.db.*disk is full/);
		}
		assert.equal(refused, 20);
		for (const [target, body] of [['/api/replays', { delivery_id: 1, to: '1' }], ['/api/replays', { delivery_ids: [1, 2], confirm_count: 2, to: '1' }]]) {
			const a = await web.call(target, { method: 'POST', body });
			assert.equal(a.status, 503, `${target}: ${a.status} ${a.text}`);
			assert.match(JSON.parse(a.text).detail, /full\.db.*disk is full/);
		}
		const nowhere = await web.call('/api/requests/http', { method: 'POST', body: { id: '1' } });
		assert.equal(nowhere.status, 422, nowhere.text);
		assert.match(JSON.parse(nowhere.text).detail, /nothing is forwarding/);
		for (const target of ['/api/deliveries', '/api/deliveries/1', '/api/count', '/api/stats', '/api/deliveries/2/request/body', '/']) assert.equal((await web.call(target)).status, 200, target);
		for (let i = 0; i < filler; i++) rmSync(`${disk}/filler-${i}`, { force: true });
		for (const [target, method, body] of deeds) {
			const a = await web.call(target, { method, body });
			assert.equal(a.status, 204, `${target}: ${a.text}`);
		}
		assert.equal((await web.json('/api/count')).total, 1);
		s.close();
		assert.equal((await web.stop('SIGTERM')).code, 0);
		web.checkSanitizers();
	});

	it('that may not be written: what is on record is read, deeds are refused; a key that is not there is said', async (t) => {
		if (!mounted) return t.skip('a small tmpfs cannot be mounted here');
		for (const name of readdirSync(disk)) rmSync(`${disk}/${name}`, { recursive: true });
		await record('kept.db', [1, 2].map((n) => line(n)));
		const first = await startWeb(w, ['--db', `${disk}/kept.db`]);
		assert.equal((await first.stop('SIGTERM')).code, 0);
		mount('-o', 'remount,ro', disk);
		try {
			const web = await startWeb(w, ['--db', `${disk}/kept.db`]);
			assert.equal(web.token, first.token);
			assert.equal((await web.json('/api/count')).total, 2);
			assert.equal((await web.call('/api/deliveries/1')).status, 200);
			const a = await web.call('/api/deliveries/1/tags', { method: 'POST', body: { name: 'seen', set: true } });
			assert.equal(a.status, 503, a.text);
			assert.match(JSON.parse(a.text).detail, /kept\.db/);
			assert.equal((await web.stop('SIGTERM')).code, 0);
			web.checkSanitizers();
			const anew = w.spawn('creel', ['web', '--port', '0', '--db', `${disk}/kept.db`, '--new-token']);
			assert.equal((await anew.end()).code, 4);
			assert.match(anew.err, /web\.key cannot be written: Read-only file system/);
		} finally {
			mount('-o', 'remount,rw', disk);
		}
	});
});

describe('a report', () => {
	it('of many deliveries, and of a large body, is imported again exactly', async () => {
		const w = new World(), other = new World();
		try {
			const large = Buffer.alloc(5 << 20, 'a large body, ').toString();
			await fill(w, [...[...Array(600).keys()].map((n) => line(n + 1, { status: n % 3 ? 200 : 500 })), line(601, { body: large })]);
			await w.creelOut(['report', 'id:1..601', '-o', w.path('all.html')]);
			assert.match((await other.creel(['import', w.path('all.html')])).text, /601 deliveries imported/);
			const all = async (world) => (await world.creelOut(['export', 'id:1..601', '--format', 'ndjson'])).toString().trim().split('\n').map((l) => ({ ...JSON.parse(l), origin: undefined, signature: undefined }));
			const [a, b] = [await all(w), await all(other)];
			assert.deepEqual(b.map((d) => d.event_id), a.map((d) => d.event_id));
			for (const [i, d] of a.entries()) assert.deepEqual(b[i], d);
		} finally {
			await w.close();
			await other.close();
		}
	});
});
