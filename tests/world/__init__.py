"""A closed copy of the world on loopback, with mode.

Pages of a team, the CDN, RingCentral's platform and the hosts under test stand behind one real nginx that
terminates TLS for all their names; browsers know those names and no others, so nothing leaves the machine.
Addresses in tests are therefore the real ones: `https://phone.example.com/adapter.js`.

- `release`: the stand-in release, which keeps the widget's contract;
- `internet`: the names, nginx, the CDN's files, the team's pages;
- `platform`: RingCentral's login page and token endpoint, which count;
- `host`: a folder, a release and `embeddable-host`, as a process or in this one; `hosts`: those that browsers visit;
- `mode`: Chromium as users have it, storage partitioned or denied;
- `user`: what a user does with the phone; `setup_page`, `sign_in_test`, `live_test`: and with the pages of the host;
- `engines`: the same for Firefox (`firefox`) and WebKit (`webkit`), which reach the names by a proxy (`gateway`);
- `proxy`, `deployment`, `exported`: nginx as it is shipped, with lines that break something, and over an export;
- `patience`: waiting for what must come true; `load`: many visitors meanwhile.

Each test process has a world of its own: its ports, its folder.
"""
