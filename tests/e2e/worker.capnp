using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "worker", worker = .worker),
    (name = "internet", network = (allow = ["local", "private", "public"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "worker")],
);

const worker :Workerd.Worker = (
  modules = [(name = "worker.mjs", esModule = embed "worker.mjs")],
  compatibilityDate = "2026-01-01",
  bindings = [
    (name = "API", fromEnvironment = "API"),
    (name = "ZONE_ID", fromEnvironment = "ZONE_ID"),
    (name = "OTHER_ACCOUNT_ID", fromEnvironment = "OTHER_ACCOUNT_ID"),
    (name = "ACCOUNT_ID", fromEnvironment = "ACCOUNT_ID"),
    (name = "TUNNEL_TOKEN", fromEnvironment = "TUNNEL_TOKEN"),
  ],
);
