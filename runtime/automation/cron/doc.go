// Package cron reads cron expressions and says when they are due.
//
// # Expressions
//
// An expression has five fields, or six with seconds in front:
//
//	minute        0-59
//	hour          0-23
//	day of month  1-31, L, LW, nW
//	month         1-12, JAN-DEC
//	day of week   0-7 (0 and 7 are Sunday), SUN-SAT, nL, n#k
//
// A field is a list of items separated by commas; an item is a value, a range
// a-b, or every value *, each with a step /n where wanted. A ? stands for * in
// the two day fields. L is the last day of the month and L-3 the third before
// it, 15W the weekday nearest to the 15th in the same month, LW the last weekday
// of the month, 5L the last Friday, MON#2 the second Monday.
//
// @yearly (@annually), @monthly, @weekly, @daily (@midnight) and @hourly are
// names for common expressions, and "@every 90m" is due in equal distances,
// counted from the anchor of the schedule.
//
// "CRON_TZ=Europe/Berlin 0 6 * * MON-FRI" names the zone in which it is read.
//
// # Rules
//
// They are those of Vixie's cron. When both day fields are restricted, a day
// that fits either is due; a field that begins with * is not restricted.
//
// An expression whose minute and hour do not begin with * is due at fixed times
// of the day. Such a time that a change of the clock skips is due at the first
// instant after the gap, once for all times in it; a time that comes twice is due
// the first time. Any other expression follows elapsed time: it is due whenever
// the clock shows a time that fits, so nothing is made up for a gap, and a
// repeated hour counts twice.
package cron
