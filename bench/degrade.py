"""Spoilt copies of clips, by a seed: what a camera does to its picture without anything happening before it.

A copy has five pictures a second, as the live rate, so that hours of them are quickly made and read. What
is done, how strongly and when follows from the seed and the copy's number alone.
"""
import math
import os
import random
import subprocess

import engine

RATE = 5
LASTING = ("density",)  # comes and goes all through a clip: such a clip is kept whole, the event is not judged


def light_step(r, about):
    """Lamps switched, a cloud: three steps of light, each held for seconds."""
    times = sorted(r.uniform(0.1, 0.9) * about["seconds"] for _ in range(3))
    levels = [r.uniform(-0.25, 0.25) for _ in times]
    steps = "+".join(f"{b - a:.3f}*gte(t,{t:.2f})" for t, a, b in zip(times, [0, *levels], levels))
    return f"eq=brightness='{steps}':eval=frame"


def flicker(r, about):
    """Lamps at 50 or 60 Hz against the shutter: the whole picture beats, and a band wanders through it."""
    beat, depth, bands = r.uniform(0.15, 2.4), r.uniform(0.02, 0.10), r.uniform(0.5, 2.5)
    width, height = about["width"], about["height"]
    band = f"128+{255 * depth:.1f}*sin(2*PI*({bands:.2f}*Y/H+{beat:.3f}*T))"
    return (f"split[p][q];[q]scale=8:{height},format=gray,geq=lum='{band}',scale={width}:{height},format=yuv420p[b];"
            f"[p][b]blend=c0_mode=softlight:c1_mode=normal:c2_mode=normal:c1_opacity=1:c2_opacity=1,format=yuv420p")


def noise(r, about):
    """A dark night at high gain."""
    return f"eq=brightness={-r.uniform(0, 0.15):.3f},noise=alls={r.randint(15, 45)}:allf=t+u:all_seed={r.randint(1, 1 << 30)}"


def blur(r, about):
    """Out of focus, or a wet dome."""
    return f"gblur=sigma={r.uniform(1.0, 3.5):.2f}"


def compression(r, about):
    """A starved line: the encoder's blocks (strength below, in make)."""
    return "null"


def shake(r, about):
    """Wind at the mast: the view swings and jerks by up to 2 % of the picture."""
    a, f, g, p = r.uniform(0.004, 0.02), r.uniform(0.2, 0.9), r.uniform(0.9, 2.3), r.uniform(0, 2 * math.pi)
    width, height = about["width"], about["height"]
    room_x, room_y = 2 * (width // 40), 2 * (height // 40)
    def swing(size, room, phase):
        return f"{room // 2}+{a * size / 2:.2f}*(sin(2*PI*{f:.3f}*t+{phase:.2f})+sin(2*PI*{g:.3f}*t+{2 * phase:.2f}))"
    return (f"scale={width + room_x}:{height + room_y},crop={width}:{height}:x='{swing(width, room_x, p)}'"
            f":y='{swing(height, room_y, p + 1)}'")


def rain(r, about):
    """Streaks that fall, thin or dense, a little slanted, brighter than what is behind."""
    width, height = about["width"] // 2 * 2, about["height"] // 2 * 2
    some, slant = r.randint(2, 14), r.uniform(78, 102)
    return (f"split[p][q];[q]lutyuv=y=0:u=128:v=128,scale={width // 2}:{height // 2},"
            f"noise=c0s=100:c0f=t+u:c0_seed={r.randint(1, 1 << 30)},lutyuv=y='if(gt(val,{100 - some // 2}-48),255,0)',"
            f"dblur=angle={slant:.1f}:radius={r.randint(5, 12)},scale={width}:{height},lutyuv=y=val*3[s];"
            f"[p][s]blend=c0_mode=screen:c1_mode=normal:c2_mode=normal:c0_opacity={r.uniform(0.35, 0.7):.2f},format=yuv420p")


def gamma(r, about):
    """Dusk, dawn, or an iris that hunts."""
    return f"eq=gamma='1+{r.uniform(0.15, 0.45):.3f}*sin(2*PI*t/{r.uniform(15, 90):.1f}+{r.uniform(0, 6.28):.2f})':eval=frame"


def dropped(r, about):
    """A bad line: single pictures and whole seconds are missing."""
    gap, every = r.uniform(0.5, 2.0), r.uniform(6, 15)
    return f"select='gt(random({r.randint(1, 1 << 30)}),{r.uniform(0.1, 0.4):.2f})*gt(mod(t,{every:.2f}),{gap:.2f})+eq(n,0)'"


KINDS = {"light": light_step, "flicker": flicker, "noise": noise, "blur": blur, "compression": compression,
         "shake": shake, "rain": rain, "gamma": gamma, "dropped": dropped}


def probe(clip):
    lines = engine.run(["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries",
                        "stream=width,height:format=duration", "-of", "default=noprint_wrappers=1", clip]).split()
    said = dict(line.split("=", 1) for line in lines)
    return {"width": int(said["width"]) // 2 * 2, "height": int(said["height"]) // 2 * 2,
            "seconds": float(said["duration"])}


def seconds_of(clip):
    return probe(clip)["seconds"]


def copy_of(number, seed, clip, cut):
    """What copy `number` is of and what is done to it."""
    kind = random.Random(f"{seed} {number // len(KINDS)}").sample(sorted(KINDS), len(KINDS))[number % len(KINDS)]
    stem = os.path.splitext(os.path.basename(clip))[0]
    return {"name": f"{number:04}_{kind}_{stem}.mp4", "kind": kind, "clip": clip, "cut": cut, "seed": f"{seed}/{number}"}


def make(plan, folder):
    about, r = probe(plan["clip"]), random.Random(plan["seed"])
    if plan["cut"]:
        about["seconds"] = min(about["seconds"], plan["cut"])
    strength = r.randint(38, 46) if plan["kind"] == "compression" else 20
    filters = f'fps={RATE},scale={about["width"]}:{about["height"]},format=yuv420p,{KINDS[plan["kind"]](r, about)}'
    path = os.path.join(folder, plan["name"])
    engine.run(["ffmpeg", "-v", "error", "-nostdin", "-y", "-t", f'{about["seconds"]:.3f}', "-i", plan["clip"],
                "-vf", filters, "-an", "-vsync", "vfr", "-c:v", "libx264", "-preset", "veryfast", "-threads", "1",
                "-crf", str(strength), path])
    return path
