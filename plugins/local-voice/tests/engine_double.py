"""
An engine as espeak-ng is called, that does as it is told: ``python engine_double.py DIR …``.

DIR holds ``answer.json``: its exit code, where it stops (``half``: then it waits for ``go``;
``cut``), the voices it has; and ``sound``. Into DIR go each call that speaks, and the process ids.
"""

import json
import os
import sys
import time
from pathlib import Path

folder, arguments = Path(sys.argv[1]), sys.argv[2:]
answer = json.loads((folder / "answer.json").read_text())
out = sys.stdout.buffer
if "--voices" in arguments:
    if not answer["code"]:
        out.write(b"Pty Language       Age/Gender VoiceName          File                 Other\n")
        for tag, name in answer["voices"]:
            out.write(f" 5  {tag}   --/M   {name}   gmw/{tag}   \n".encode())
    sys.exit(answer["code"])
text = sys.stdin.buffer.read().decode()
(folder / f"{time.monotonic_ns()}.call").write_text(json.dumps([*arguments, text]))
(folder / f"{os.getpid()}.pid").touch()
sound = (folder / "sound").read_bytes()
if answer["code"]:
    sys.exit(answer["code"])
if answer["stops"]:
    out.write(sound[: len(sound) // 2])
    out.flush()
    while answer["stops"] == "half" and not (folder / "go").exists():
        time.sleep(0.005)
    if answer["stops"] == "cut":
        os._exit(1)
    out.write(sound[len(sound) // 2 :])
else:
    out.write(sound)
out.flush()
