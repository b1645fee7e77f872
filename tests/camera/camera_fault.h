/* What a session does wrong on request: the words of an URL's query, "freeze=2&thaw=1". */
#ifndef VG_TESTS_CAMERA_FAULT_H
#define VG_TESTS_CAMERA_FAULT_H

#define VG_FAULT_TEXT 256

/* A number is above 0 when its fault is asked for; without "=" it is 1. camera.c explains each. */
struct vg_camera_faults {
    /* requests */
    double nooptions, nodescribe, nosetup, noplay, noalive;
    double options, describe, setup, play, get_parameter, teardown; /* code answered */
    double notcp, noudp, nomulticast;
    double badauth, stale, noaggregate, abscontrol, nosprop, slowdrip;
    /* what is sent when */
    double nodata, startnokey, freeze, thaw, close, reset, bye, blackhole, burst, jitter, second;
    /* RTP */
    double lose, loss, lossburst, seed, reorder, late, doubled, nomarker, wrap, ssrc, jump, by;
    double nosr, ntp, garbage, strange;
    /* texts */
    char redirect[VG_FAULT_TEXT], othercontrol[VG_FAULT_TEXT];
};

/* query: behind the "?", up to its end, a blank or a "/" (what a client appended). %XX is decoded. */
void vg_camera_faults_read(struct vg_camera_faults *faults, const char *query);

#endif
