// The proxies that creel-relay(8) puts before the relay, each started with the page's own example, and Apache, on loopback and a free port.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { freePort, waitFor } from './harness.mjs';
import { Sender } from './http.mjs';
import { example } from './readme.mjs';

/** An example with each of the words replaced; one that does not stand there is an error. */
function fill(text, words) {
	for (const [word, value] of Object.entries(words)) {
		if (!text.includes(word)) throw new Error(`creel-relay(8)'s example does not have ${word}:\n${text}`);
		text = text.replaceAll(word, value);
	}
	return text;
}

/** nginx's frame around the block that goes into its server. */
function nginx(w, { port, relayPort, certificate, extra = '' }) {
	mkdirSync(w.path('nginx'), { recursive: true });
	writeFileSync(w.path('nginx.conf'), `
		${process.getuid() === 0 ? 'user root;' : ''} daemon off; pid ${w.path('nginx.pid')}; error_log stderr warn; worker_processes 1;
		events { worker_connections 512; }
		http {
			access_log off; ${extra}
			client_body_temp_path ${w.path('nginx')}; proxy_temp_path ${w.path('nginx')};
			fastcgi_temp_path ${w.path('nginx')}; uwsgi_temp_path ${w.path('nginx')}; scgi_temp_path ${w.path('nginx')};
			map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
			server {
				listen 127.0.0.1:${port} ssl;
				ssl_certificate ${certificate.cert}; ssl_certificate_key ${certificate.key};
				${fill(example('location / {'), { '127.0.0.1:8080': `127.0.0.1:${relayPort}` })}
			}
		}`);
	return ['nginx', ['-c', w.path('nginx.conf'), '-p', w.dir]];
}

function caddy(w, { port, relayPort, certificate }) {
	const site = `https://localhost:${port} {\n\tbind 127.0.0.1\n\ttls ${certificate.cert} ${certificate.key}`;
	writeFileSync(w.path('Caddyfile'), `{\n\tadmin off\n\tauto_https disable_redirects\n}\n${fill(example('hooks.example.com {'), { 'hooks.example.com {': site, '127.0.0.1:8080': `127.0.0.1:${relayPort}` })}\n`);
	return ['caddy', ['run', '--config', w.path('Caddyfile'), '--adapter', 'caddyfile']];
}

function haproxy(w, { port, relayPort, certificate }) {
	writeFileSync(w.path('both.pem'), readFileSync(certificate.cert, 'utf8') + readFileSync(certificate.key, 'utf8'));
	const words = { 'bind :443': `bind 127.0.0.1:${port}`, '/etc/haproxy/hooks.pem': w.path('both.pem'), '127.0.0.1:8080': `127.0.0.1:${relayPort}` };
	writeFileSync(w.path('haproxy.cfg'), `${fill(example('frontend hooks\n    mode http\n'), words)}\n`);
	return ['haproxy', ['-db', '-f', w.path('haproxy.cfg')]];
}

function haproxyBytes(w, { port, relayPort }, header = 'send-proxy-v2') {
	const words = { 'bind :443': `bind 127.0.0.1:${port}`, '127.0.0.1:8443': `127.0.0.1:${relayPort}`, 'send-proxy-v2': header };
	writeFileSync(w.path('haproxy.cfg'), `${fill(example('frontend hooks\n    mode tcp\n'), words)}\n`);
	return ['haproxy', ['-db', '-f', w.path('haproxy.cfg')]];
}

/** The page has no example for it. */
function apache(w, { port, relayPort, certificate }) {
	const modules = ['/usr/lib/apache2/modules', '/opt/homebrew/lib/httpd/modules', '/usr/local/lib/httpd/modules'].find(existsSync);
	if (!modules) throw new Error('Apache is not installed: `.ci/deps test` does it');
	const wanted = ['mpm_event', 'unixd', 'authz_core', 'headers', 'ssl', 'proxy', 'proxy_http'].filter((m) => existsSync(`${modules}/mod_${m}.so`));
	writeFileSync(w.path('apache.conf'), `
		${wanted.map((m) => `LoadModule ${m}_module ${modules}/mod_${m}.so`).join('\n')}
		ServerName localhost
		Listen 127.0.0.1:${port}
		${process.getuid() === 0 ? 'User nobody\nGroup #65534' : ''}
		PidFile ${w.path('apache.pid')}
		DefaultRuntimeDir ${w.dir}
		Mutex sem
		ErrorLog ${w.path('apache.log')}
		ServerLimit 1
		ThreadsPerChild 64
		MaxRequestWorkers 64
		SSLEngine on
		SSLCertificateFile ${certificate.cert}
		SSLCertificateKeyFile ${certificate.key}
		AllowEncodedSlashes NoDecode
		ProxyPreserveHost On
		ProxyTimeout 75
		RequestHeader unset X-Forwarded-For early
		RequestHeader unset X-Forwarded-Host early
		RequestHeader set X-Forwarded-Proto https
		ProxyPass /_creel/ http://127.0.0.1:${relayPort}/_creel/ nocanon upgrade=websocket flushpackets=on disablereuse=on
		ProxyPass / http://127.0.0.1:${relayPort}/ nocanon upgrade=websocket flushpackets=on\n`);
	return [modules.includes('apache2') ? 'apache2' : 'httpd', ['-d', w.dir, '-f', w.path('apache.conf'), '-DFOREGROUND']];
}

/** By name: how to start it, and whether the relay behind it ends TLS. */
export const FRONTS = {
	nginx: { start: nginx },
	Caddy: { start: caddy },
	haproxy: { start: haproxy },
	Apache: { start: apache },
	'haproxy that passes bytes on': { start: haproxyBytes, relayHasTls: true },
	'haproxy that passes bytes on, with version 1 of the header': { start: (w, o) => haproxyBytes(w, o, 'send-proxy'), relayHasTls: true },
};

/** Starts a relay as creel-relay(8) says and the front before it. Gives { port, relay, process }. */
export async function startFront(w, name, { certificate, relayArgs = [], extra } = {}) {
	const { start, relayHasTls } = FRONTS[name];
	const port = await freePort();
	writeFileSync(w.path('relay.ini'), fill(example('[serve]\nlisten = 127.0.0.1:8080'), { '127.0.0.1:8080': '127.0.0.1:0', 'https://hooks.example.com': `https://localhost:${port}` }));
	const tls = relayHasTls ? ['--tls-cert', certificate.cert, '--tls-key', certificate.key] : [];
	const relay = await w.startRelay({ listen: null, args: ['--config', w.path('relay.ini'), ...tls, ...relayArgs] });
	const [program, args] = start(w, { port, relayPort: relay.port, certificate, extra });
	const process = w.spawn(program, args);
	await waitFor(() => `${name} to listen\n${process.err}${process.stdout}`, () => Sender.connect(port).then((s) => s.end().then(() => true), () => false));
	return { port, relay, process, again: () => w.spawn(program, args) };
}
