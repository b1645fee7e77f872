/* Hours, days and French public holidays, in French local time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <time.h>

#include "src/base/clock.h"
#include "src/scene/calendar.h"
#include "src/scene/scene.h"

static void easter_falls_where_the_almanac_says(void **state)
{
    (void)state;
    static const struct {
        int year, month, day;
    } rows[] = {
        /* examples of Meeus, chapter 8, then the earliest, the latest, and the coming ones */
        {1818, 3, 22}, {1886, 4, 25}, {1943, 4, 25}, {1954, 4, 18}, {1961, 4, 2},  {1991, 3, 31},
        {1992, 4, 19}, {1993, 4, 11}, {2000, 4, 23}, {2024, 3, 31}, {2025, 4, 20}, {2026, 4, 5},
        {2027, 3, 28}, {2028, 4, 16}, {2038, 4, 25}, {2285, 3, 22},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int month, day;
        vg_calendar_easter(rows[i].year, &month, &day);
        assert_int_equal(month, rows[i].month);
        assert_int_equal(day, rows[i].day);
    }
}

static void eleven_holidays_a_year(void **state)
{
    (void)state;
    static const struct {
        int month, day;
    } of_2026[] = {{1, 1},  {4, 6},  {5, 1},  {5, 8},   {5, 14}, {5, 25},
                   {7, 14}, {8, 15}, {11, 1}, {11, 11}, {12, 25}};
    static const int length[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    size_t next = 0;
    for (int month = 1; month <= 12; month++) {
        for (int day = 1; day <= length[month - 1]; day++) {
            if (!vg_calendar_is_holiday(VG_HOLIDAYS_FRANCE, 2026, month, day))
                continue;
            assert_true(next < 11);
            assert_int_equal(month, of_2026[next].month);
            assert_int_equal(day, of_2026[next].day);
            next++;
        }
    }
    assert_int_equal(next, 11);
    /* 2008: Ascension fell on 1 May */
    assert_true(vg_calendar_is_holiday(VG_HOLIDAYS_FRANCE, 2008, 5, 1));
    assert_true(vg_calendar_is_holiday(VG_HOLIDAYS_FRANCE, 2008, 5, 12));
    assert_true(vg_calendar_is_holiday(VG_HOLIDAYS_FRANCE, 2024, 4,
                                       1)); /* Monday of Easter, over a leap day */
}

/* Every year of a century: eleven days, or fewer where two fall together (1 or 8 May and
 * Ascension), and in Alsace-Moselle two more. */
static void no_year_lacks_one(void **state)
{
    (void)state;
    static const int length[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    for (int year = 2000; year < 2100; year++) {
        const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        int france = 0, east = 0, easter_month, easter_day;
        for (int month = 1; month <= 12; month++) {
            for (int day = 1; day <= length[month - 1] + (leap && month == 2); day++) {
                france += vg_calendar_is_holiday(VG_HOLIDAYS_FRANCE, year, month, day);
                east += vg_calendar_is_holiday(VG_HOLIDAYS_ALSACE_MOSELLE, year, month, day);
            }
        }
        vg_calendar_easter(year, &easter_month, &easter_day);
        const int from_march = easter_day + (easter_month == 4 ? 31 : 0);
        /* Ascension is 39 days on: 1 May is day 62 from 1 March, 8 May day 69 */
        const bool together = from_march + 39 == 62 || from_march + 39 == 69;
        assert_int_equal(france, together ? 10 : 11);
        assert_int_equal(east, france + 2);
    }
    assert_true(vg_calendar_is_holiday(VG_HOLIDAYS_ALSACE_MOSELLE, 2026, 4, 3));
    assert_true(vg_calendar_is_holiday(VG_HOLIDAYS_ALSACE_MOSELLE, 2024, 3, 29));
    assert_false(vg_calendar_is_holiday(VG_HOLIDAYS_FRANCE, 2026, 4, 3));
    assert_false(vg_calendar_is_holiday(VG_HOLIDAYS_FRANCE, 2026, 12, 26));
}

enum {
    MON = 1,
    TUE = 2,
    FRI = 16,
    SAT = 32,
    SUN = 64,
    ALL = 127
};

static void ranges_hold_in_their_hours(void **state)
{
    (void)state;
    static const struct {
        const char *time;
        int days, from, to;
        bool holidays, want;
    } rows[] = {
        /* 2026-11-20 is a Friday */
        {"2026-11-20T08:00:00", ALL, 480, 1200, true, true},
        {"2026-11-20T07:59:59.999", ALL, 480, 1200, true, false},
        {"2026-11-20T19:59:59.999", ALL, 480, 1200, true, true},
        {"2026-11-20T20:00:00", ALL, 480, 1200, true, false},
        {"2026-11-20T12:00:00", MON | TUE, 480, 1200, true, false},
        {"2026-11-20T12:00:00", FRI, 480, 1200, true, true},
        {"2026-11-20T23:59:59", FRI, 0, 1440, true, true},
        {"2026-11-21T00:00:00", FRI, 0, 1440, true, false},
        /* over midnight: the range belongs to the day on which it begins */
        {"2026-11-20T21:59:59", FRI, 1320, 360, true, false},
        {"2026-11-20T22:00:00", FRI, 1320, 360, true, true},
        {"2026-11-21T05:59:59", FRI, 1320, 360, true, true},
        {"2026-11-21T06:00:00", FRI, 1320, 360, true, false},
        {"2026-11-20T03:00:00", FRI, 1320, 360, true, false},
        {"2026-11-20T03:00:00", FRI | 8, 1320, 360, true, true},
        {"2026-11-22T23:00:00", SUN, 1320, 360, true, true},
        {"2026-11-23T05:00:00", SUN, 1320, 360, true, true},
        {"2026-11-23T05:00:00", MON, 1320, 360, true, false},
        {"2026-11-20T22:30:00", FRI, 1320, 0, true, true},
        {"2026-11-21T00:00:00", FRI, 1320, 0, true, false},
        /* public holidays */
        {"2026-11-11T12:00:00", ALL, 0, 1440, false, false},
        {"2026-11-11T12:00:00", ALL, 0, 1440, true, true},
        {"2026-11-12T12:00:00", ALL, 0, 1440, false, true},
        {"2026-12-25T23:00:00", ALL, 1320, 360, false, false},
        {"2026-12-26T03:00:00", ALL, 1320, 360, false, false}, /* the holiday's own night */
        {"2026-12-25T03:00:00", ALL, 1320, 360, false, true},  /* the night before it */
        {"2027-01-01T03:00:00", ALL, 1320, 360, false, true},
        {"2027-01-01T12:00:00", ALL, 480, 1200, false, false},
        /* days on which the hour changes */
        {"2026-03-29T03:30:00", SUN, 120, 300, true, true},
        {"2026-10-25T02:30:00", SUN, 120, 300, true, true},
        {"2026-10-26T01:00:00", SUN, 1320, 360, true, true},
        /* the hour that does not come: 02:00 to 03:00 on 29 March 2026 */
        {"2026-03-29T01:59:59+01:00", SUN, 120, 180, true, false},
        {"2026-03-29T03:00:00+02:00", SUN, 120, 180, true, false},
        {"2026-03-29T01:59:59+01:00", SUN, 150, 240, true, false},
        {"2026-03-29T03:00:00+02:00", SUN, 150, 240, true, true}, /* from the first minute */
        {"2026-03-29T01:59:59+01:00", SAT, 1320, 150, true, true},
        {"2026-03-29T03:00:00+02:00", SAT, 1320, 150, true, false}, /* its end is passed over */
        {"2026-03-28T12:00:00+01:00", SAT, 120, 180, true, false},
        {"2026-03-30T02:30:00+02:00", MON, 120, 180, true, true}, /* the day after, again */
        /* the hour that comes twice: 02:00 to 03:00 on 25 October 2026 */
        {"2026-10-25T02:30:00+02:00", SUN, 120, 180, true, true},
        {"2026-10-25T02:59:59+02:00", SUN, 120, 180, true, true},
        {"2026-10-25T02:00:00+01:00", SUN, 120, 180, true, true},
        {"2026-10-25T02:59:59+01:00", SUN, 120, 180, true, true},
        {"2026-10-25T03:00:00+01:00", SUN, 120, 180, true, false},
        {"2026-10-25T02:15:00+02:00", SAT, 1320, 150, true, true}, /* ends at half past two... */
        {"2026-10-25T02:45:00+02:00", SAT, 1320, 150, true, false},
        {"2026-10-25T02:15:00+01:00", SAT, 1320, 150, true, true}, /* ...both times */
        {"2026-10-25T00:30:00+02:00", SUN, 0, 1440, true, true},
        {"2026-10-25T23:59:59+01:00", SUN, 0, 1440, true, true}, /* of 25 hours */
        {"2026-10-26T00:00:00+01:00", SUN, 0, 1440, true, false},
        /* the ends of years, and the leap day */
        {"2026-12-31T23:59:59", 8, 0, 1440, true, true}, /* a Thursday */
        {"2027-01-01T00:00:00", FRI, 0, 1440, true, true},
        {"2027-01-01T00:00:00", FRI, 0, 1440, false, false},
        {"2028-02-29T12:00:00", TUE, 0, 1440, true, true},
        {"2028-04-17T12:00:00", MON, 0, 1440, false, false}, /* Easter Monday */
        {"2028-05-25T12:00:00", 8, 0, 1440, false, false},   /* Ascension */
        {"2028-06-05T12:00:00", MON, 0, 1440, false, false}, /* Whit Monday */
        /* the whole of a night that begins on a day left out is left out */
        {"2026-05-25T22:00:00", MON, 1320, 360, false, false},
        {"2026-05-26T05:59:59", MON, 1320, 360, false, false},
        {"2026-05-26T22:00:00", TUE, 1320, 360, false, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vg_wall_time time;
        assert_int_equal(vg_wall_parse(rows[i].time, &time), 0);
        const struct vg_calendar calendar = {true,
                                             (uint8_t)rows[i].days,
                                             (uint16_t)rows[i].from,
                                             (uint16_t)rows[i].to,
                                             rows[i].holidays,
                                             VG_HOLIDAYS_FRANCE};
        if (vg_calendar_holds(&calendar, time) != rows[i].want)
            fail_msg("row %zu: %s", i, rows[i].time);
    }
}

static void without_a_calendar_it_always_holds(void **state)
{
    (void)state;
    const struct vg_calendar none = {0};
    assert_true(vg_calendar_holds(&none, (struct vg_wall_time){0}));
    assert_true(vg_calendar_holds(&none, (struct vg_wall_time){INT64_MIN}));
}

static void times_before_1970_and_far_away_do_no_harm(void **state)
{
    (void)state;
    const struct vg_calendar day = {true, ALL, 0, 1440, true, VG_HOLIDAYS_FRANCE};
    assert_true(vg_calendar_holds(&day, (struct vg_wall_time){-1}));
    (void)vg_calendar_holds(&day, (struct vg_wall_time){INT64_MAX});
    (void)vg_calendar_holds(&day, (struct vg_wall_time){INT64_MIN});
}

int main(void)
{
    (void)setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
    tzset();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(easter_falls_where_the_almanac_says),
        cmocka_unit_test(eleven_holidays_a_year),
        cmocka_unit_test(no_year_lacks_one),
        cmocka_unit_test(ranges_hold_in_their_hours),
        cmocka_unit_test(without_a_calendar_it_always_holds),
        cmocka_unit_test(times_before_1970_and_far_away_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
