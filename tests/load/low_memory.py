"""Whether shortage of memory is told as such: large pictures and large results in workers with little memory.

    python -m tests.load.low_memory

Prints a line for each amount of memory: the codes of the answers, and the status of a small picture after them.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

from PIL import Image

from tests.helpers.pictures import encoded, picture
from tests.helpers.service import running_service

MEGABYTES = (128, 144, 160, 200, 256, 384, 512)


def main() -> None:
    noise = Image.effect_noise((4200, 3200), 90).convert("RGB")
    jpeg, png = encoded(noise, "JPEG", quality=97), encoded(noise.resize((2600, 2000)), compress_level=1)
    jobs = [
        (jpeg, []),
        (jpeg, [{"convert": {"format": "png"}}]),
        (png, [{"convert": {"format": "webp"}}]),
        (png, [{"resize": {"width": 4000, "enlarge": True}}, {"convert": {"format": "png"}}]),
    ]
    print(f"pictures of {len(jpeg) / 1e6:.1f} and {len(png) / 1e6:.1f} MB")
    for megabytes in MEGABYTES:
        with (
            tempfile.TemporaryDirectory() as folder,
            running_service(Path(folder, "log"), workers="1", worker_memory=str(megabytes * 1024**2)) as service,
        ):
            answers = [service.process_picture(data, operations=steps) for data, steps in jobs for _ in range(2)]
            codes = Counter("ok" if a.ok else a.json()["error"]["code"] for a in answers)
            small = service.process_picture(picture("pillow/hopper.jpg")).status_code
            print(f"{megabytes} MB: {dict(codes)}, then a small one: {small}", flush=True)


if __name__ == "__main__":
    main()
