"""What the checks of a server under load have in common: its clip, what is said of each check, its end."""
import os
import subprocess

FAILS = []


def check(what, true):
    print(("ok      " if true else "FAILED  ") + what)
    if not true:
        FAILS.append(what)


def fast_clip(folder, fps):
    """The path of a clip that sends so many pictures a second."""
    clip = os.path.join(folder, "fast.mp4")
    source = os.path.join(os.environ["VIGIE_SOURCE_DIR"], "cache/vtest.avi")
    subprocess.run(["ffmpeg", "-v", "error", "-t", "20", "-i", source, "-vf", f"scale=352:288,setpts=N/{fps}/TB", "-r",
                    str(fps), "-c:v", "libx264", "-preset", "veryfast", "-g", str(fps), "-bf", "0", "-pix_fmt",
                    "yuv420p", clip], check=True)
    return clip


def judge(server, look):
    """Has look(api) make its checks, and ends the server: 0, or 1 where one has failed."""
    try:
        look(server.api())
    except RuntimeError as error:
        check(str(error), False)
    finally:
        code = server.stop()
    check(f"an orderly end (code {code})", code == 0)
    if FAILS:
        print(server.read_log()[-6000:])
    return 1 if FAILS else 0
