// testssl.sh against a relay's port: nothing that it calls medium or worse, save what comes of a certificate that this test
// made itself. Minutes long: only by `make attack`.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, describe, it } from 'node:test';
import { World } from './lib/harness.mjs';
import { makeCertificate } from './lib/tls.mjs';

const OF_THE_CERTIFICATE = /^(cert_|DNS_CAArecord|overall_grade|grade_cap)/;

describe('testssl.sh', () => {
	const w = new World();
	after(() => w.close());

	it('finds nothing of medium or above', async (t) => {
		if (process.env.CREEL_ATTACK !== '1') return void t.skip('make attack');
		const tool = (await w.run('sh', ['-c', 'command -v testssl || command -v testssl.sh'])).text.trim();
		if (!tool) return void t.skip('testssl.sh is not here');
		const mine = makeCertificate(w.dir);
		const relay = await w.startRelay({ args: ['--tls-cert', mine.cert, '--tls-key', mine.key, '--max-connections-per-address', '0'] });
		const file = w.path('testssl.json');
		await w.run(tool, ['--warnings', 'off', '--color', '0', '--ip', 'one', '--jsonfile', file, `127.0.0.1:${relay.port}`], { timeoutMs: 900_000 });
		const findings = JSON.parse(readFileSync(file, 'utf8'));
		assert.ok(findings.length > 100, `${findings.length} findings`);
		const bad = findings.filter((f) => ['MEDIUM', 'HIGH', 'CRITICAL', 'FATAL'].includes(f.severity) && !OF_THE_CERTIFICATE.test(f.id));
		assert.deepEqual(bad.map((f) => `${f.severity} ${f.id}: ${f.finding}`), []);
	});
});
