"""A closed copy of the world on loopback.

The pages of a team, the CDN, RingCentral's platform and the hosts under test are behind one nginx, which terminates TLS
for all their names. Browsers resolve only these names, so no traffic leaves the machine. Addresses in tests are real
ones, such as `https://phone.example.com/adapter.js`.

- `release`: the stand-in release, which behaves like the widget where this host relies on it;
- `internet`: the host names, nginx, the CDN's files, the team's pages;
- `platform`: RingCentral's login page and token endpoint;
- `host`: a folder, a release and `embeddable-host`, as a process or in this one; `hosts`: those that browsers visit;
- `relay`: messages put into a host's relay and taken from it;
- `browser_modes`: Chromium as users have it, with partitioned storage or none;
- `user`: what a user does with the phone; `setup_page`, `sign_in_test`, `live_test`: and with the pages of the host;
- `engines`: the same for Firefox (`firefox`) and WebKit (`webkit`), through a proxy (`gateway`);
- `proxy`, `deployment`, `exported`: nginx with the shipped configuration, with directives that break something, and
  over an export;
- `timeouts`: waiting for a condition; `load`: many visitors at the same time.

Each test process has its own world: its ports, its folder.
"""
