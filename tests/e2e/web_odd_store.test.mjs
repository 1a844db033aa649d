// A record that no creel wrote (lib/odd_store.mjs): whatever stands in one row, each call of the API answers as its document
// says, and the commands go on. The page over it is web_odd_page.test.mjs.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { World } from './lib/harness.mjs';
import { ODD_IDS, OUTSIDE, fillOdd, good, named, names, oddIds } from './lib/odd_store.mjs';
import { ask } from './lib/openapi.mjs';
import { call, startWeb } from './lib/web.mjs';

describe('a record with odd rows', () => {
	const ids = [...names.map((_, i) => String(i + 1)), String(good)];
	let w, web;
	before(async () => {
		w = new World();
		await fillOdd(w);
		web = await startWeb(w);
	});
	after(() => w?.close());
	const alive = async (what) => assert.equal((await call(web, `/api/deliveries/${good}`)).status, 200, what);

	it('is listed whole, by pages', async () => {
		const seen = [];
		for (let before = ''; ;) {
			const page = await ask(web, '/api/deliveries', `/api/deliveries?limit=7${before}`);
			seen.push(...page.deliveries.map((d) => String(d.id)));
			for (const d of page.deliveries) for (const text of ['method', 'target', 'path', 'provider', 'event_type', 'host']) assert.ok((d[text] ?? '').length <= 4096, `${named(d.id)}: ${text}`);
			if (!page.more_before) break;
			before = `&before=${/"id":(\d+)[^]*?/.exec(JSON.stringify(page.deliveries.at(-1)))[1]}`;
		}
		for (let id = 1; id <= good; id++) assert.ok(seen.includes(String(id)), named(id));
		const long = names.indexOf('texts of a megabyte') + 1, whole = await ask(web, '/api/deliveries/{id}', `/api/deliveries/${long}`);
		assert.deepEqual([whole.path.length, whole.event_type.length], [1_000_001, 1_000_000]);
	});

	/** Each call that reads one of them; the statuses from 500 on, which are the store's alone, come back as lines. */
	async function readAll(id) {
		const refused = [], one = `/api/deliveries/${id}`;
		for (const [template, target] of [
			['/api/deliveries/{id}', one], ['/api/deliveries/{id}', `${one}?attempt=1`],
			...['', '?decode=1', '?view=text', '?view=frame', '?view=image', '?download=1'].flatMap((q) => ['request', 'response'].map((part) => [`/api/deliveries/{id}/${part}/body`, `${one}/${part}/body${q}`])),
			['/api/deliveries/{id}/raw/request', `${one}/raw/request`], ['/api/deliveries/{id}/raw/response', `${one}/raw/response`],
			['/api/deliveries/{id}/find', `${one}/find?text=a`], ['/api/deliveries/{id}/find', `${one}/find?part=response&hex=00`],
			['/api/diff', `/api/diff?a=${good}&b=${id}`], ['/api/diff', `/api/diff?a=${id}&b=${id}&ignore_volatile=1`],
			['/api/requests/http/{id}', `/api/requests/http/${id}`],
		]) {
			const answer = await ask(web, template, target, {}, (status) => status >= 500 && refused.push(`${named(id)}: ${target}: ${status}`)).catch((error) => assert.fail(`${named(id)}: ${error.message}`));
			assert.doesNotMatch(answer?.text ?? JSON.stringify(answer), OUTSIDE, `${named(id)}: ${target}`);
		}
		const range = await call(web, `${one}/request/body`, { headers: { Range: 'bytes=0-99' } });
		assert.ok([200, 206, 400, 404, 416, 503].includes(range.status), `${named(id)}: ${range.status}`);
		await alive(named(id));
		return refused;
	}
	it('each call about one answers as the document says, and nothing outside the record is read', async () => {
		const refused = [];
		for (const id of ids) refused.push(...(await readAll(id)));
		for (const r of refused) assert.match(r, /a body file.*: 503$/, r);
	});

	it('filters, figures and completion go on', async () => {
		const filters = ['', 'state:failed', 'status:>=400', 'took:>1s', 'size:>1k', 'size.res:>1k', 'attempts:>1', 'sig:bad', 'has:error', 'tag:marked', 'note:n', 'before:1970-01-01', 'host:shop.example.dev', 'header.res:content-type=*', 'body.res:x', 'json:n=3'];
		for (const f of filters) {
			const q = encodeURIComponent(f);
			await ask(web, '/api/deliveries', `/api/deliveries?filter=${q}&limit=500`);
			await ask(web, '/api/count', `/api/count?filter=${q}`);
			await ask(web, '/api/stats', `/api/stats?filter=${q}`).catch((error) => assert.fail(`${f}: ${error.message}`));
		}
		for (const q of ['?from=0&step=31536000', '?from=0&to=2000000000&step=1', '?from=-1', '?from=9223372036854775807', '?to=1', '?step=60', '?by=event', '?by=path', '?by=status']) await ask(web, '/api/stats', `/api/stats${q}`);
		for (const t of ['', 'tag:', 'source:', 'event:', 'path:', 'tunnel:', 'method:', 'peer:']) {
			const { completions } = await ask(web, '/api/filter', `/api/filter?text=${encodeURIComponent(t)}`);
			for (const c of completions) assert.doesNotMatch(c.text, /[\0-\x1f\x7f]/, `${t}: ${JSON.stringify(c)}`);
		}
		for (const [template, target] of [['/api/tunnels', '/api/tunnels'], ['/api/status', '/api/status'], ['/api/requests/http', '/api/requests/http?limit=100']]) await ask(web, template, target);
	});

	it('deeds: each is done, or refused with a sentence', async () => {
		const post = (value, method = 'POST') => ({ method, body: value });
		for (const format of ['har', 'curl', 'http', 'ndjson']) {
			const made = await ask(web, '/api/export', '/api/export', post({ filter: '', format, redact: true }));
			if (made.url) await call(web, made.url);
			await ask(web, '/api/export', '/api/export', post({ filter: `id:1..${good}`, format, preview: true, redact: true }));
		}
		for (const id of ids) {
			const n = Number(id);
			if (!Number.isSafeInteger(n)) continue;
			await ask(web, '/api/verify', '/api/verify', post({ delivery_id: n, secret: 'whsec_x', provider: 'stripe', tried: true })).catch((error) => assert.fail(`${named(id)}: ${error.message}`));
			if (n % 3) continue; // the rest costs more than what may go wrong with it
			await ask(web, '/api/deliveries/{id}/tags', `/api/deliveries/${id}/tags`, post({ name: 'seen', set: true }));
			await ask(web, '/api/deliveries/{id}/note', `/api/deliveries/${id}/note`, post({ text: 'seen' }));
			await ask(web, '/api/replays', '/api/replays', post({ delivery_id: n, to: '1' })).catch((error) => assert.fail(`${named(id)}: ${error.message}`));
			await alive(named(id));
		}
	});

	it('the commands read it, and write what other programs can read', async () => {
		const lines = (await w.creelOut(['list', '-n', '1000', '--json'])).toString().trim().split('\n').map((l) => JSON.parse(l));
		assert.ok(lines.length >= good);
		await w.creelOut(['list', '-n', '1000']);
		JSON.parse(await w.creelOut(['stats', '--json']));
		await w.creelOut(['stats']);
		for (const id of ids) {
			for (const args of [...(id % 3 ? [] : [['show', id]]), ['show', id, '--json']]) {
				const r = await w.creel(args);
				assert.ok(r.code === 0 || /^creel: .+/m.test(r.err), `${named(id)}: ${args.join(' ')} ${r.code} ${r.err}`);
				if (args[2] && r.code === 0) JSON.parse(r.text);
				assert.doesNotMatch(r.text, OUTSIDE, named(id));
			}
		}
		const report = w.path('odd.html');
		const made = await w.creel(['report', `id:1..${good}`, '-o', report]);
		assert.ok(made.code === 0 || /^creel: .+/m.test(made.err), made.err);
		if (made.code === 0) assert.doesNotMatch(readFileSync(report, 'utf8'), OUTSIDE);
	});

	it('ids that no creel gives: what lies beyond is not found, and the others are', async () => {
		await oddIds(w);
		for (const id of ODD_IDS.filter((text_) => Number(text_) > 0)) await readAll(id);
		await ask(web, '/api/deliveries', '/api/deliveries?limit=500');
		for (const f of ['', 'body:invoice', 'state:failed', 'took:>1h', '-source:stripe', 'json:n=3', 'tag:marked']) {
			const q = `filter=${encodeURIComponent(f)}`;
			assert.ok((await ask(web, '/api/count', `/api/count?${q}`)).done, f);
			const stats = await ask(web, '/api/stats', `/api/stats?${q}`);
			assert.equal(stats.searched, stats.total, f);
			for (const more of ['', '&order=took', '&order=-size', '&after=5']) await ask(web, '/api/deliveries', `/api/deliveries?${q}${more}`);
		}
		await w.creelOut(['list', '-n', '1000', '--json']);
		await w.creelOut(['list', 'took:>1h', '-n', '1000']);
		JSON.parse(await w.creelOut(['stats', '--json']));
	});
});
