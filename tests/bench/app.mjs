// The app of the figures: nginx that answers at once, so that what is measured is creel and not the app.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { freePort, waitFor } from '../e2e/lib/harness.mjs';

/** Starts it in the world `w`; resolves to its port. */
export async function startApp(w) {
	const port = await freePort(), dir = w.fresh('nginx');
	mkdirSync(dir);
	writeFileSync(path.join(dir, 'nginx.conf'), `worker_processes 2; pid ${dir}/pid; error_log ${dir}/error.log; daemon off;
events { worker_connections 4096; }
http { access_log off; client_body_buffer_size 64k; client_max_body_size 0; keepalive_requests 100000000;
	client_body_temp_path ${dir}/b; proxy_temp_path ${dir}/p; fastcgi_temp_path ${dir}/f; uwsgi_temp_path ${dir}/u; scgi_temp_path ${dir}/s;
	server { listen 127.0.0.1:${port}; listen [::1]:${port}; location / { return 200 '{"received":1}'; } } }`);
	w.spawn('nginx', ['-c', path.join(dir, 'nginx.conf'), '-p', dir]);
	await waitFor('the app', () => fetch(`http://127.0.0.1:${port}/`).then(() => true, () => false));
	return port;
}
