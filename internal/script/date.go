package script

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// dateFunctions work on dates. A date in a text of a usual form is taken for one.
func dateFunctions() []builtin {
	dates := on(KindDate, KindText)
	part := func(names, about, example, prints string, do func(at time.Time) int) builtin {
		return method(dates, names, "", about, example, prints, func(c *calling, args []Value) (Value, error) {
			d, err := c.dateArg(args, 0)
			if err != nil {
				return Value{}, err
			}
			return Number(int64(do(d.at))), nil
		})
	}
	moved := func(name, about, example, prints string, dayOnly bool, do func(at time.Time, n int) time.Time) builtin {
		return method(dates, name, "number", about, example, prints, func(c *calling, args []Value) (Value, error) {
			d, err := c.dateArg(args, 0)
			if err != nil {
				return Value{}, err
			}
			n, err := c.numberArg(args, 1)
			if err != nil {
				return Value{}, err
			}
			if n > maxSteps || n < -maxSteps {
				return c.fail("A date is moved by at most %d", maxSteps)
			}
			return c.newDate(do(d.at, n), dayOnly)
		})
	}
	between := func(names, about, example, prints string, do func(a, b time.Time) Value) builtin {
		return method(dates, names, "date", about, example, prints, func(c *calling, args []Value) (Value, error) {
			a, err := c.dateArg(args, 0)
			if err != nil {
				return Value{}, err
			}
			b, err := c.dateArg(args, 1)
			if err != nil {
				return Value{}, err
			}
			return do(a.at, b.at), nil
		})
	}
	days := func(a, b time.Time) int64 { return int64(startOfDay(b).Sub(startOfDay(a)).Hours() / 24) }
	list := []builtin{
		{names: []string{"now", "zoho.currenttime"}, min: 0, max: 0, about: "This moment.", example: `info now.getYear() > 2000;`, prints: "true", do: func(c *calling, _ []Value) (Value, error) { return Date(c.now().Truncate(time.Second), false), nil }},
		{names: []string{"today", "zoho.currentdate"}, min: 0, max: 0, about: "This day.", example: `info today.getHour();`, prints: "0", do: func(c *calling, _ []Value) (Value, error) { return Date(startOfDay(c.now()), true), nil }},
		part("getDay day", "The day of the month.", `info '17-Jan-2018'.getDay();`, "17", time.Time.Day),
		part("getMonth month", "The month, from 1.", `info '17-Jan-2018'.getMonth();`, "1", func(at time.Time) int { return int(at.Month()) }),
		part("getYear year", "The year.", `info '17-Jan-2018'.getYear();`, "2018", time.Time.Year),
		part("getHour hour", "The hour, from 0 to 23.", `info '17-Jan-2018 09:05:07'.getHour();`, "9", time.Time.Hour),
		part("getMinutes minute", "The minute.", `info '17-Jan-2018 09:05:07'.getMinutes();`, "5", time.Time.Minute),
		part("getSeconds second", "The second.", `info '17-Jan-2018 09:05:07'.getSeconds();`, "7", time.Time.Second),
		part("getDayOfWeek weekday", "The day of the week: 1 for Sunday.", `info '17-Jan-2018'.getDayOfWeek();`, "4", func(at time.Time) int { return int(at.Weekday()) + 1 }),
		part("getDayOfYear", "The day of the year.", `info '01-Feb-2018'.getDayOfYear();`, "32", time.Time.YearDay),
		method(dates, "getWeekOfYear", "[day]", "The week of the year; weeks begin on Sunday, or on the day that is given.", `info '7-Feb-2021'.getWeekOfYear("Monday");`, "6", func(c *calling, args []Value) (Value, error) {
			d, err := c.dateArg(args, 0)
			if err != nil {
				return Value{}, err
			}
			first := time.Sunday
			if len(args) > 1 {
				name, err := c.textArg(args, 1)
				if err != nil {
					return Value{}, err
				}
				var ok bool
				if first, ok = weekdayOf(name); !ok {
					return c.fail("'%s' is no day of the week", cut(name, 20))
				}
			}
			_, w := weekOfYear(d.at, first)
			return Number(int64(w)), nil
		}),
		forPeople("getDate", "", "The day as people write it.", `info '17-Jan-2018'.getDate();`, "17th January 2018", func(day, _ string) string { return day }),
		forPeople("getTime", "[12 or 24], [seconds]", "The time of day as people write it, with 12 or 24 hours, and with seconds where the last argument is true.", `info '17-Jan-2018 21:00:59'.getTime();`, "09:00 PM", func(_, clock string) string { return clock }),
		forPeople("getDateTime", "[12 or 24], [seconds]", "The day and the time of day as people write them, with 12 or 24 hours, and with seconds where the last argument is true.", `info '17-Jan-2018 10:10:37'.getDateTime(12, true);`, "17th January 2018,10:10:37 AM", func(day, clock string) string { return day + "," + clock }),
		moved("edate", "The same day, so many months later.", `info '31-Jan-2018'.edate(1);`, "28-Feb-2018", true, addMonths),
		moved("eomonth", "The last day of the month so many months later.", `info '05-Jan-2018'.eomonth(1);`, "28-Feb-2018", true, func(at time.Time, n int) time.Time {
			return time.Date(at.Year(), at.Month()+time.Month(n)+1, 0, 0, 0, 0, 0, at.Location())
		}),
		day("toStartOfWeek", "The Sunday of its week.", `info '17-Jan-2018'.toStartOfWeek();`, "14-Jan-2018", func(at time.Time) time.Time { return at.AddDate(0, 0, -int(at.Weekday())) }),
		day("toStartOfMonth", "The first day of its month.", `info '17-Jan-2018'.toStartOfMonth();`, "01-Jan-2018", func(at time.Time) time.Time { return at.AddDate(0, 0, 1-at.Day()) }),
		weekday("nextWeekDay", "The next such day of the week.", `info '17-Jan-2018'.nextWeekDay("Monday");`, "22-Jan-2018", 1),
		weekday("previousWeekDay", "The last such day of the week before it.", `info '17-Jan-2018'.previousWeekDay("Monday");`, "15-Jan-2018", -1),
		between("daysBetween days360", "The days from this date to the other.", `info '01-Jan-2018'.daysBetween('17-Jan-2018');`, "16", func(a, b time.Time) Value { return Number(days(a, b)) }),
		between("hoursBetween", "The whole hours from this moment to the other.", `info '01-Jan-2018 00:00:00'.hoursBetween('01-Jan-2018 05:59:00');`, "5", func(a, b time.Time) Value { return Number(int64(b.Sub(a).Hours())) }),
		between("monthsBetween", "The days to the other date, divided by 30.", `info '01-Jan-2018'.monthsBetween('05-Mar-2018');`, "2", func(a, b time.Time) Value { return Number(days(a, b) / 30) }),
		between("yearsBetween", "The days to the other date, divided by 365.", `info '01-Jan-2016'.yearsBetween('01-Mar-2018');`, "2", func(a, b time.Time) Value { return Number(days(a, b) / 365) }),
		between("totalMonths", "The months from this date to the other, by the calendar.", `info '31-Jan-2018'.totalMonths('01-Mar-2018');`, "1", func(a, b time.Time) Value { return Number(months(a, b)) }),
		between("totalYears", "The years from this date to the other, by the calendar.", `info '02-Jan-2016'.totalYears('01-Jan-2018');`, "1", func(a, b time.Time) Value { return Number(months(a, b) / 12) }),
		between("timeBetween", "Hours, minutes and seconds to the other moment.", `info '01-Jan-2018 00:00:00'.timeBetween('01-Jan-2018 05:09:03');`, "5:9:3", func(a, b time.Time) Value {
			d := b.Sub(a).Abs()
			return Text(fmt.Sprintf("%d:%d:%d", int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60))
		}),
		between("yearFraction", "The time to the other date in years of 365 days.", `info '17-Jan-2019'.yearFraction('29-Jan-2019');`, "0.03287671232876712", func(a, b time.Time) Value {
			return fromFloat(b.Sub(a).Hours() / 24 / 365)
		}),
		method(dates|on(KindNumber), "toDate", "[pattern], [zone]", "A text as a date, by a pattern or in a usual form, of the account's zone or another one; of a number the milliseconds since 1970.", `info "2018/01/17".toDate("yyyy/MM/dd");`, "17-Jan-2018", toDate(true)),
		method(dates|on(KindNumber), "toDateTime toTime", "[pattern], [zone]", "A text as a date with its time, by a pattern or in a usual form, of the account's zone or another one.", `info "2018-01-17 09:05".toTime("yyyy-MM-dd HH:mm");`, "17-Jan-2018 09:05:00", toDate(false)),
		method(anyKind, "isDate", "", "Whether it is a date, or a text of a usual form that is one.", `info "x".isDate();`, "false", func(c *calling, args []Value) (Value, error) {
			if args[0].kind == KindText {
				_, _, ok := readDate(args[0].text(), c.Zone)
				return Bool(ok), nil
			}
			return Bool(args[0].kind == KindDate), nil
		}),
		method(on(KindDate, KindNumber), "toString toText", "pattern, [zone]", "A date by a pattern, in the account's zone or another one; of a number the milliseconds since 1970.", `info '17-Jan-2018 09:05:07'.toString("yyyy-MM-dd'T'HH:mm");`, "2018-01-17T09:05", dateText),
		method(dates|on(KindNumber), "toDateTimeString", "[pattern], [zone]", "A date, or the milliseconds since 1970 that a number is, as a text by a pattern, in the account's zone or another one.", `info toDateTimeString(1000, "yyyy-MM-dd HH:mm:ss z", "GMT");`, "1970-01-01 00:00:01 GMT", func(c *calling, args []Value) (Value, error) {
			if args[0].kind == KindText {
				d, err := c.dateArg(args, 0)
				if err != nil {
					return Value{}, err
				}
				args[0] = Date(d.at, d.dayOnly)
			}
			if len(args) == 1 {
				args = append(args, Text("dd-MMM-yyyy HH:mm:ss"))
			}
			return dateText(c, args)
		}),
		method(on(KindText), "unixEpoch", "[zone]", "The milliseconds since 1970 of a date in a text.", `info "01-Jan-1970 00:00:01".unixEpoch();`, "1000", func(c *calling, args []Value) (Value, error) {
			zone, err := c.zoneArg(args, 1)
			if err != nil {
				return Value{}, err
			}
			at, _, ok := readDate(args[0].text(), zone)
			if !ok {
				return c.fail("UnParsable date")
			}
			return Number(at.UnixMilli()), nil
		}),
	}
	for _, unit := range []struct {
		name    string
		add     func(at time.Time, n int) time.Time
		example string
	}{
		{"Day", func(at time.Time, n int) time.Time { return at.AddDate(0, 0, n) }, "18-Jan-2018 00:00:00"},
		{"Week", func(at time.Time, n int) time.Time { return at.AddDate(0, 0, 7*n) }, "24-Jan-2018 00:00:00"},
		{"Month", addMonths, "17-Feb-2018 00:00:00"},
		{"Year", func(at time.Time, n int) time.Time { return addMonths(at, 12*n) }, "17-Jan-2019 00:00:00"},
		{"Hour", func(at time.Time, n int) time.Time { return at.Add(time.Duration(n) * time.Hour) }, "17-Jan-2018 01:00:00"},
		{"Minutes", func(at time.Time, n int) time.Time { return at.Add(time.Duration(n) * time.Minute) }, "17-Jan-2018 00:01:00"},
		{"Seconds", func(at time.Time, n int) time.Time { return at.Add(time.Duration(n) * time.Second) }, "17-Jan-2018 00:00:01"},
	} {
		what := strings.TrimSuffix(strings.ToLower(unit.name), "s") + "s"
		list = append(list,
			moved("add"+unit.name, "So many "+what+" later.", `info '17-Jan-2018'.add`+unit.name+`(1);`, unit.example, false, unit.add),
			moved("sub"+unit.name, "So many "+what+" earlier.", `info '17-Jan-2018'.sub`+unit.name+`(-1);`, unit.example, false, func(at time.Time, n int) time.Time { return unit.add(at, -n) }))
	}
	return append(list, businessFunctions()...)
}

// forPeople is a function that writes a date for people.
func forPeople(name, takes, about, example, prints string, do func(day, clock string) string) builtin {
	return method(on(KindDate, KindText), name, takes, about, example, prints, func(c *calling, args []Value) (Value, error) {
		d, err := c.dateArg(args, 0)
		if err != nil {
			return Value{}, err
		}
		layout, half, seconds := "03:04", " PM", false
		if len(args) > 1 {
			n, err := c.numberArg(args, 1)
			switch {
			case err != nil:
				return Value{}, err
			case n == 24:
				layout, half = "15:04", ""
			case n != 12:
				return c.fail("A day has 12 or 24 hours")
			}
		}
		if len(args) > 2 {
			if seconds, err = c.boolArg(args, 2); err != nil {
				return Value{}, err
			}
		}
		if seconds {
			layout += ":05"
		}
		return c.newText(do(ordinal(d.at.Day())+d.at.Format(" January 2006"), d.at.Format(layout+half)))
	})
}

// ordinal is 1st, 2nd, 3rd, 4th, …
func ordinal(n int) string {
	ending := "th"
	if n%100 < 11 || n%100 > 13 {
		switch n % 10 {
		case 1:
			ending = "st"
		case 2:
			ending = "nd"
		case 3:
			ending = "rd"
		}
	}
	return strconv.Itoa(n) + ending
}

// maxSteps bounds what is added to a date: a hundred years of seconds.
const maxSteps = 100 * 366 * 86400

// day is a function from a date to a day.
func day(names, about, example, prints string, do func(at time.Time) time.Time) builtin {
	return method(on(KindDate, KindText), names, "", about, example, prints, func(c *calling, args []Value) (Value, error) {
		d, err := c.dateArg(args, 0)
		if err != nil {
			return Value{}, err
		}
		return c.newDate(startOfDay(do(d.at)), true)
	})
}

func weekday(name, about, example, prints string, step int) builtin {
	return method(on(KindDate, KindText), name, "day", about, example, prints, func(c *calling, args []Value) (Value, error) {
		d, err := c.dateArg(args, 0)
		if err != nil {
			return Value{}, err
		}
		want, err := c.textArg(args, 1)
		if err != nil {
			return Value{}, err
		}
		day, ok := weekdayOf(want)
		if !ok {
			return c.fail("'%s' is no day of the week", cut(want, 20))
		}
		at := startOfDay(d.at).AddDate(0, 0, step)
		for at.Weekday() != day {
			at = at.AddDate(0, 0, step)
		}
		return c.newDate(at, true)
	})
}

func (c *calling) newDate(at time.Time, dayOnly bool) (Value, error) {
	if !within(at) {
		return c.fail("A date lies between the years 1 and 9999")
	}
	if dayOnly {
		at = startOfDay(at)
	}
	return Date(at, dayOnly), nil
}

func (c *calling) dateArg(args []Value, i int) (*date, error) {
	switch v := args[i]; v.kind {
	case KindDate:
		return v.date(), nil
	case KindText:
		if at, dayOnly, ok := readDate(v.text(), c.Zone); ok {
			return &date{at, dayOnly}, nil
		}
		return nil, failure(c.Pos, "UnParsable date")
	default:
		return nil, c.wrong(v, "DATE-TIME", i)
	}
}

// zoneArg is a time zone by its name; the account's where none is given. One that is not known is GMT.
func (c *calling) zoneArg(args []Value, i int) (*time.Location, error) {
	if len(args) <= i {
		return c.Zone, nil
	}
	name, err := c.textArg(args, i)
	if err != nil {
		return nil, err
	}
	if zone, err := time.LoadLocation(name); err == nil && len(name) < 60 && name != "Local" { // which would tell where the machine is
		return zone, nil
	}
	return time.UTC, nil
}

func startOfDay(at time.Time) time.Time {
	return time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, at.Location())
}

// addMonths keeps within the month: a month after the 31st of January is the last of February.
func addMonths(at time.Time, n int) time.Time {
	n = min(max(n, -120_000), 120_000)
	first := time.Date(at.Year(), at.Month()+time.Month(n), 1, at.Hour(), at.Minute(), at.Second(), at.Nanosecond(), at.Location())
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(at.Day(), last)-1)
}

// months counts whole months by the calendar.
func months(a, b time.Time) int64 {
	n := int64(b.Year()-a.Year())*12 + int64(b.Month()-a.Month())
	if n > 0 && b.Day() < a.Day() {
		n--
	}
	if n < 0 && b.Day() > a.Day() {
		n++
	}
	return n
}

func toDate(dayOnly bool) func(c *calling, args []Value) (Value, error) {
	return func(c *calling, args []Value) (Value, error) {
		v := args[0]
		switch {
		case v.kind == KindDate:
			return c.newDate(v.date().at, dayOnly)
		case v.kind == KindNumber:
			return c.newDate(time.UnixMilli(v.n).In(c.Zone), dayOnly)
		case len(args) == 1:
			d, err := c.dateArg(args, 0)
			if err != nil {
				return Value{}, err
			}
			return c.newDate(d.at, dayOnly)
		}
		pattern, err := c.textArg(args, 1)
		if err != nil {
			return Value{}, err
		}
		zone, err := c.zoneArg(args, 2)
		if err != nil {
			return Value{}, err
		}
		layout, err := layoutOf(pattern)
		if err != nil {
			return c.fail("%s", err)
		}
		at, err := time.ParseInLocation(layout, v.text(), zone)
		if err != nil {
			return c.fail("UnParsable date")
		}
		return c.newDate(at.In(c.Zone), dayOnly)
	}
}

func dateText(c *calling, args []Value) (Value, error) {
	at := time.UnixMilli(args[0].n)
	if args[0].kind == KindDate {
		at = args[0].date().at
	}
	pattern, err := c.textArg(args, 1)
	if err != nil {
		return Value{}, err
	}
	zone, err := c.zoneArg(args, 2)
	if err != nil {
		return Value{}, err
	}
	if at = at.In(zone); !within(at) {
		return c.fail("A date lies between the years 1 and 9999")
	}
	text, err := formatDate(at, pattern)
	if err != nil {
		return c.fail("%s", err)
	}
	return c.newText(text)
}
