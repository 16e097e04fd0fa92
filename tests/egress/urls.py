"""URLs that must lead nowhere, each a known way round a guard."""

from typing import Final

LOOPBACK: Final = (
    "https://127.0.0.1/",
    "https://127.8.9.10/",
    "https://127.0.0.1./",
    "https://0.0.0.0/",
    "https://[::1]/",
    "https://[0:0:0:0:0:0:0:1]/",
    "https://[::]/",
)
OTHER_NUMBERS: Final = (
    "https://127.1/",
    "https://127.0.1/",
    "https://0/",
    "https://2130706433/",
    "https://017700000001/",
    "https://0177.0.0.1/",
    "https://0177.1/",
    "https://0x7f.0.0.1/",
    "https://0x7f.1/",
    "https://0x7f000001/",
    "https://0X7F000001/",
    "https://127.0.0.0x1/",
    "https://127.0.0.1.1/",
    "https://127.0.0.01/",
    "https://4294967297/",
    "https://134744072/",  # 8.8.8.8, written so that a reader would not notice
)
IPV4_IN_IPV6: Final = (
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[::ffff:8.8.8.8]/",
    "https://[::127.0.0.1]/",
    "https://[::ffff:0:127.0.0.1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[64:ff9b:1::7f00:1]/",
    "https://[2002:7f00:1::]/",
    "https://[2001:0:4136:e378:8000:63bf:80ff:fffe]/",  # Teredo's 127.0.0.1
)
INSIDE: Final = (
    "https://10.0.0.1/",
    "https://172.16.0.1/",
    "https://172.31.255.255/",
    "https://192.168.1.1/",
    "https://100.64.0.1/",
    "https://198.18.0.1/",
    "https://192.88.99.1/",
    "https://224.0.0.1/",
    "https://240.0.0.1/",
    "https://255.255.255.255/",
    "https://[fe80::1]/",
    "https://[fe80::1%25lo]/",
    "https://[2606:4700::1%25lo]/",
    "https://[fec0::1]/",
    "https://[fc00::1]/",
    "https://[ff02::1]/",
    "https://[100::1]/",
    "https://[2001:db8::1]/",
    "https://[5f00::1]/",
)
METADATA: Final = (
    "https://169.254.169.254/",
    "http://169.254.169.254/latest/meta-data/",
    "https://[fd00:ec2::254]/",
    "https://[fd20:ce::254]/",
    "https://100.100.100.200/",
    "https://192.0.0.192/",
    "https://168.63.129.16/",
    "https://[::ffff:a9fe:a9fe]/",
)
DISGUISED: Final = (
    "https://vendor.example@127.0.0.1/",
    "https://vendor.example:443@127.0.0.1/",
    "https://127.0.0.1@vendor.example/",
    "https://:pw@vendor.example/",
    "https://vendor.example\\@127.0.0.1/",
    "https://127.0.0.1\\.vendor.example/",
    "https://127.0.0.1%2f.vendor.example/",
    "https://127.0.0.1%00.vendor.example/",
    "https://%31%32%37.0.0.1/",
    "https://vendor.example%40127.0.0.1/",
    "https://127\u30020\u30020\u30021/",
    "https://127\uff0e0\uff0e0\uff0e1/",
    "https://\uff11\uff12\uff17.0.0.1/",
    "https://\u2460\u2461\u2466.0.0.1/",
    "https://\u24dbocalhost/",
    "https://-.vendor.example/",
    "https://vendor..example/",
    "https://*/",
)
BESIDE_HTTPS: Final = (
    "http://vendor.example/",
    "https://vendor.example:80/",
    "https://vendor.example:22/",
    "https://8.8.8.8:8443/",
    "ftp://vendor.example/",
    "ws://vendor.example/",
    "wss://vendor.example/",
    "file:///etc/passwd",
    "gopher://127.0.0.1/",
    "https:///",
)
NAMES: Final = {
    "https://localhost/": "127.0.0.1",
    "https://LOCALHOST./": "::1",
    "https://loopback.example/": "127.0.0.1",
    "https://mapped.example/": "::ffff:127.0.0.1",
    "https://translated.example/": "64:ff9b::7f00:1",
    "https://metadata.google.internal/": "169.254.169.254",
    "https://router/": "192.168.1.1",
}
"""Nothing is wrong with them but where they lead."""
NOWHERE: Final = (
    *LOOPBACK, *OTHER_NUMBERS, *IPV4_IN_IPV6, *INSIDE, *METADATA, *DISGUISED, *BESIDE_HTTPS,
)  # fmt: skip
OUT: Final = (
    "https://vendor.example/",
    "https://VENDOR.example./",
    "https://vendor.example:443/v1?x=127.0.0.1#@127.0.0.1",
    "https://a_b.x--y.vendor.example/",
    "https://bücher.example/",
    "https://1.vendor.example/",
    "https://127.0.0.1.vendor.example/",
    "https://8.8.8.8/",
    "https://[2606:4700:4700::1111]/",
)
"""URLs that look strange and are not."""
