/* French public holidays: the eleven of article L3133-1 of the Code du travail, and the two more
 * of Alsace-Moselle (L3134-13): Good Friday and 26 December. Pure, any thread. */
#ifndef VG_SCENE_CALENDAR_H
#define VG_SCENE_CALENDAR_H

#include <stdbool.h>

#include "src/scene/scene.h"

/* Easter Sunday of `year` (1583 and later): month (3 or 4) and day of the month.
 * Source: the anonymous Gregorian algorithm ("Nature", 20 April 1876), as given by J. Meeus,
 * "Astronomical Algorithms", 2nd edition, chapter 8. */
void vg_calendar_easter(int year, int *month, int *day);

/* Whether this day (month 1 to 12, day 1 to 31) is a public holiday there. */
bool vg_calendar_is_holiday(enum vg_holidays_region region, int year, int month, int day);

#endif
