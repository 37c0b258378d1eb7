// A TCP proxy on this machine that cuts its first connection after a whole request was read, if it is to.

import { once } from "node:events";
import net from "node:net";

/**
 * Passes on what comes. `moment` is awaited with the server's side of the first connection, and then that is cut.
 * `heard` is called with the proxy's address and with what tells of each request how often it had been sent before.
 */
export async function severing(url, moment, heard) {
  const { hostname, port } = new URL(url);
  const requests = [];
  const sockets = new Set();
  const listener = net.createServer((client) => {
    const server = net.connect(port, hostname);
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.on("error", () => socket.destroy()); // The other end has gone.
    }
    const request = [];
    requests.push(request);
    client.on("data", (data) => request.push(data));
    if (moment && requests.length === 1) {
      sever(client, server, request, moment);
    } else {
      client.pipe(server);
      server.pipe(client);
    }
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const retryCounts = () =>
    requests.flatMap((request) => {
      const text = Buffer.concat(request).toString("latin1");
      return [...text.matchAll(/\r\nx-stainless-retry-count: *(\d+)\r\n/gi)].map(([, count]) => Number(count));
    });
  try {
    return await heard(`http://127.0.0.1:${listener.address().port}`, retryCounts);
  } finally {
    for (const socket of sockets) socket.destroy();
    listener.close();
  }
}

async function sever(client, server, request, moment) {
  while (!isWhole(Buffer.concat(request).toString("latin1"))) await once(client, "data");
  server.write(Buffer.concat(request));
  await moment(server);
  client.destroy();
  server.destroy();
}

function isWhole(request) {
  const end = request.indexOf("\r\n\r\n");
  const length = /\r\ncontent-length: *(\d+)\r\n/i.exec(request);
  return end >= 0 && length !== null && request.length - end - 4 >= Number(length[1]);
}
