// creel export --format pytest, jest, junit and go: the tests that it writes, run by the real frameworks against an app.
// A framework that is not installed is skipped with a sentence.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { homedir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { World } from './lib/harness.mjs';

const JARS = ['junit-jupiter-api', 'junit-jupiter-engine', 'junit-jupiter-params', 'junit-platform-commons', 'junit-platform-engine', 'junit-platform-launcher', 'junit-platform-console', 'junit-platform-reporting', 'opentest4j', 'opentest4j-reporting-events', 'apiguardian-api', 'univocity-parsers', 'picocli']
	.map((name) => `/usr/share/java/${name}.jar`).filter((file) => existsSync(file)).join(':');
const JEST = path.resolve(new URL('.', import.meta.url).pathname, 'node_modules/jest/bin/jest.js');
const ODD = Buffer.from([0, 255, 10, 13, 34, 92]);
const line = (i, more) => JSON.stringify({ received_at: '2026-11-23T13:42:34Z', event_id: `019ab12c-4d5e-7f3a-8b6c-00000000000${i}`, ...more });
const answered = (status) => ({ attempt: { started_at: '2026-11-23T13:42:35Z', result: 'ok', status, url: '' } });
const INPUT = [
	line(1, { method: 'POST', target: '/a%zz?q="1"\\u', request: { headers: [['Host', 'shop.test'], ['X-A', '1'], ['x-a', '2'], ['X-Sig', 'é"\\ ${x} `id` {{y}} \\u0041 %s'], ['Content-Type', 'application/json'], ['Content-Length', '7']], body: '{"a":1}' }, ...answered(404) }),
	line(2, { method: 'PUT', target: '/bin', request: { headers: [], body_base64: ODD.toString('base64') }, ...answered(302) }),
	line(3, { method: 'GET', target: '/get', request: { headers: [['Host', 'x'], ['User-Agent', 'me/1']] } }),
	line(4, { method: 'POST', target: '/long', request: { headers: [['Host', 'x']], body: 'x'.repeat(100_000) }, ...answered(200) }),
].join('\n');

describe('exported tests', () => {
	let w, app, base, seen;
	const wrong = new Set();

	before(async () => {
		w = new World();
		assert.equal((await w.creel(['import', '-'], { input: INPUT })).code, 0);
		app = http.createServer((request, response) => {
			const pieces = [];
			request.on('data', (piece) => pieces.push(piece));
			request.on('end', () => {
				const at = request.url.replace(/\?.*/, '');
				seen.push({ method: request.method, url: request.url, headers: request.rawHeaders, body: Buffer.concat(pieces) });
				response.writeHead(wrong.has(at) ? 500 : { '/base/a%zz': 404, '/base/bin': 302 }[at] ?? 200, at === '/base/bin' ? { Location: '/base/elsewhere' } : {});
				response.end('x');
			});
		});
		await new Promise((resolve) => app.listen(0, '127.0.0.1', resolve));
		base = `http://127.0.0.1:${app.address().port}/base/`;
	});
	after(async () => {
		app?.close();
		await w?.close();
	});

	// Exports, runs, and looks at what the app got: all is as it was recorded. Then with an app that answers otherwise.
	async function runs(file, program, args, env = {}) {
		const folder = w.fresh('project');
		mkdirSync(folder);
		const r = await w.creel(['export', 'id:1..', '-o', path.join(folder, file)]);
		assert.equal(r.code, 0, r.err);
		seen = [];
		wrong.clear();
		const once = () => w.run(program, typeof args === 'function' ? args(folder) : args, { cwd: folder, env: { CREEL_TEST_URL: base, ...env }, timeoutMs: 120_000 });
		const good = await once();
		assert.equal(good.code, 0, `${good.text}\n${good.err}`);
		const got = seen.sort((a, b) => a.url.localeCompare(b.url));
		assert.deepEqual(got.map((q) => [q.method, q.url]), [['POST', '/base/a%zz?q="1"\\u'], ['PUT', '/base/bin'], ['GET', '/base/get'], ['POST', '/base/long']]);
		assert.deepEqual(got.map((q) => q.body), [Buffer.from('{"a":1}'), ODD, Buffer.alloc(0), Buffer.from('x'.repeat(100_000))]);
		const pairs = got.map((q) => q.headers.flatMap((name, i) => (i % 2 ? [] : [[name, q.headers[i + 1]]])));
		const has = (i, name, value) => assert.ok(pairs[i].some(([n, v]) => n === name && v === value), `${name}: ${JSON.stringify(pairs[i])}`);
		has(0, 'Host', 'shop.test');
		has(0, 'X-A', '1');
		has(0, 'x-a', '2');
		has(0, 'X-Sig', Buffer.from('é"\\ ${x} `id` {{y}} \\u0041 %s').toString('latin1'));
		has(2, 'User-Agent', 'me/1');
		assert.ok(!pairs[0].some(([n]) => /user-agent|accept/i.test(n)), JSON.stringify(pairs[0]));
		wrong.add('/base/bin');
		const bad = await once();
		assert.notEqual(bad.code, 0, bad.text);
		return folder;
	}

	it('pytest', async (t) => {
		const python = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3';
		if ((await w.run(python, ['-m', 'pytest', '--version'])).code !== 0) return t.skip('pytest is not installed (Debian: python3-pytest)');
		const folder = await runs('test_hooks.py', python, ['-m', 'pytest', '-q', '-p', 'no:cacheprovider', '.'], { PYTHONDONTWRITEBYTECODE: '1' });
		assert.deepEqual(readdirSync(folder).filter((f) => f.endsWith('.body')).sort(), ['test_hooks-1.body', 'test_hooks-2.body', 'test_hooks-4.body']);
	});

	it('jest', async (t) => {
		if (!existsSync(JEST)) return t.skip('jest is not among the packages of these tests');
		await runs('hooks.test.js', 'node', (folder) => {
			writeFileSync(path.join(folder, 'package.json'), '{}');
			return [JEST, '--ci', '--no-cache', '--watchman=false'];
		});
	});

	it('junit', async (t) => {
		if ((await w.run('sh', ['-c', 'command -v javac'])).code !== 0 || !JARS.includes('junit-platform-console')) return t.skip('JUnit 5 or a JDK is not installed (Debian: junit5, openjdk-17-jdk-headless)');
		const folder = await runs('HooksTest.java', 'sh', ['-c', `test -d out || javac -Xlint:all,-path -Werror -cp '${JARS}' -d out HooksTest.java && exec java -cp '${JARS}:out' org.junit.platform.console.ConsoleLauncher -c HooksTest --disable-banner`]);
		assert.deepEqual(readdirSync(folder).filter((f) => f.endsWith('.body')), []);
	});

	it('go', async (t) => {
		if ((await w.run('go', ['version'])).code !== 0) return t.skip('Go is not installed (Debian: golang-go)');
		await runs('hooks_test.go', 'sh', (folder) => {
			writeFileSync(path.join(folder, 'go.mod'), 'module shop\n\ngo 1.19\n');
			return ['-c', 'test -z "$(gofmt -l .)" && exec go test -count=1 ./...'];
		}, { GOCACHE: process.env.GOCACHE ?? path.join(homedir(), '.cache/go-build'), GOFLAGS: '-mod=mod', GOPROXY: 'off' });
	});

	it('a name by which no test would be found is refused; on standard output bodies are in base64', async () => {
		for (const [format, file, words] of [['pytest', 'hooks.py', /name it like test_NAME\.py/], ['jest', 'hooks.js', /NAME\.test\.js/], ['junit', 'my-test.java', /NAMETest\.java/], ['go', 'hooks.go', /NAME_test\.go/]]) {
			const r = await w.creel(['export', '1', '--format', format, '-o', w.path(file)]);
			assert.deepEqual([r.code, existsSync(w.path(file))], [2, false]);
			assert.match(r.err, words);
			const text = (await w.creelOut(['export', '2', '--format', format])).toString();
			assert.ok(text.includes(ODD.toString('base64')) && text.includes('CREEL_TEST_URL'), text);
		}
		const folder = w.fresh('package');
		mkdirSync(folder);
		writeFileSync(path.join(folder, 'shop.go'), '// Package shop sells.\npackage shop\n');
		assert.equal((await w.creel(['export', '1', '-o', path.join(folder, 'my_hooks_test.go')])).code, 0);
		const text = (await w.run('cat', [path.join(folder, 'my_hooks_test.go')])).text;
		assert.match(text, /^package shop$/m);
		assert.match(text, /^func TestMyHooks\(t \*testing\.T\)/m);
	});
});
