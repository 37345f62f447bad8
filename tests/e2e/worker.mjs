// A Worker with a token of its own: it makes a tunnel, and then tries what it may not do. It answers with the status of
// each request, and shows nothing of its secrets.

const call = async (env, method, path, body) => {
  const response = await fetch(`${env.API}${path.replace("{account}", env.ACCOUNT_ID)}`, {
    method,
    headers: { authorization: `Bearer ${env.TUNNEL_TOKEN}`, "content-type": "application/json" },
    body: body && JSON.stringify(body),
  });
  await response.arrayBuffer();
  return response.status;
};

export default {
  async fetch(request, env) {
    const account = "/accounts/{account}";
    const tunnel = { name: new URL(request.url).searchParams.get("tunnel"), config_src: "cloudflare" };
    return Response.json({
      "make a tunnel": await call(env, "POST", `${account}/cfd_tunnel`, tunnel),
      "list tunnels": await call(env, "GET", `${account}/cfd_tunnel`),
      "list tokens": await call(env, "GET", `${account}/tokens`),
      "make a token": await call(env, "POST", `${account}/tokens`, { name: "more", policies: [] }),
      "read a secret": await call(env, "GET", `${account}/workers/scripts/edge-api/secrets`),
      "put a secret": await call(env, "PUT", `${account}/workers/scripts/edge-api/secrets`, {
        name: "TUNNEL_TOKEN", text: "mine now", type: "secret_text",
      }),
      "read a zone": await call(env, "GET", `/zones/${env.ZONE_ID}`),
      "list records": await call(env, "GET", `/zones/${env.ZONE_ID}/dns_records`),
      "use another account": await call(env, "POST", `/accounts/${env.OTHER_ACCOUNT_ID}/cfd_tunnel`, tunnel),
    });
  },
};
