package script

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// writtenDate is a date as somebody wrote it, which is a moment once it is known where.
type writtenDate struct {
	wall    time.Time // as a clock showed it, in UTC
	dayOnly bool
	exact   bool // its zone was written, and wall is the moment
}

// in is the moment, for somebody in the zone.
func (d writtenDate) in(zone *time.Location) time.Time {
	if d.exact {
		return d.wall.In(zone)
	}
	w := d.wall
	return time.Date(w.Year(), w.Month(), w.Day(), w.Hour(), w.Minute(), w.Second(), w.Nanosecond(), zone)
}

var (
	writtenTime = regexp.MustCompile(`^(.+?)(?:[ ,]+|T)(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,9}))?)? ?([AaPp][Mm])? ?(Z|[+-]\d\d:?\d\d)?$`)
	writtenDay  = regexp.MustCompile(`^(?:[A-Za-z]{3,9}, ?)?(\d{1,4}|[A-Za-z]{3,9})( ?[-/.,] ?| )(\d{1,2}|[A-Za-z]{3,9})( ?[-/.,] ?| )(\d{4}|\d{1,2})$`)
	compactDay  = regexp.MustCompile(`^\d{8}$`)

	// looksLikeDate tells a date with a mistake from a text.
	looksLikeDate = regexp.MustCompile(`^(\d{1,4}[-/. ](\d{1,2}|[A-Za-z]{3,9})[-/. ,]\d{2,4})([ T]\d.*)?$`)
)

// parseDate reads a date in any of the forms that are in use, with a time of day behind it or not. Where days and months
// can be mistaken for each other, the order is that of the reference: months first behind slashes and in short years,
// days first otherwise.
func parseDate(text string) (writtenDate, bool) {
	text = strings.TrimSpace(text)
	if text == "" || len(text) > 60 {
		return writtenDate{}, false
	}
	if isLetter(text) { // as in headers of mails and HTTP
		for _, layout := range []string{time.RFC1123, time.RFC1123Z, time.UnixDate} {
			if at, err := time.Parse(layout, text); err == nil && within(at) {
				return writtenDate{wall: at, exact: true}, true
			}
		}
	}
	parts := writtenTime.FindStringSubmatch(text)
	if parts == nil {
		wall, ok := parseDay(text)
		return writtenDate{wall: wall, dayOnly: true}, ok
	}
	wall, ok := parseDay(strings.TrimSpace(parts[1]))
	if !ok {
		return writtenDate{}, false
	}
	d := writtenDate{wall: wall.Add(parseClock(parts[2], parts[3], parts[4], parts[5], parts[6]))}
	if zone := strings.Replace(parts[7], ":", "", 1); zone != "" {
		d.exact = true
		if zone != "Z" {
			hours, _ := strconv.Atoi(zone[1:3])
			minutes, _ := strconv.Atoi(zone[3:])
			offset := time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute
			if zone[0] == '+' {
				offset = -offset
			}
			d.wall = d.wall.Add(offset)
		}
	}
	return d, within(d.wall)
}

// parseClock reads a time of day. Hours beyond 23 make all of it zero, minutes and seconds beyond 59 what is from them on.
func parseClock(hour, minute, second, fraction, half string) time.Duration {
	h, _ := strconv.Atoi(hour)
	m, _ := strconv.Atoi(minute)
	s, _ := strconv.Atoi(second)
	switch half = strings.ToLower(half); {
	case half == "pm" && h < 12:
		h += 12
	case half == "am" && h == 12:
		h = 0
	}
	switch {
	case h > 23:
		return 0
	case m > 59:
		m, s, fraction = 0, 0, ""
	case s > 59:
		s, fraction = 0, ""
	}
	nanoseconds, _ := strconv.Atoi((fraction + "000000000")[:9])
	return time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(s)*time.Second + time.Duration(nanoseconds)
}

// The orders of numbers that are tried, by the sign between them: d, m and y at the places of the three.
var (
	longYears  = map[string][]string{"/": {"mdy", "dmy"}, "-": {"dmy", "mdy"}, ".": {"dmy", "mdy"}, "": {"dmy"}}
	shortYears = map[string][]string{"/": {"ymd", "dmy", "mdy"}, "-": {"mdy", "ymd", "dmy"}, ".": {"dmy", "mdy", "ymd"}}
)

func parseDay(text string) (time.Time, bool) {
	if compactDay.MatchString(text) {
		return dayOf(text[:4], text[4:6], text[6:])
	}
	p := writtenDay.FindStringSubmatch(text)
	if p == nil {
		return time.Time{}, false
	}
	a, b, c := p[1], p[3], p[5]
	sign := strings.TrimSpace(p[2])
	switch {
	case isLetter(a): // Aug 15, 1947
		return dayOf(c, a, b)
	case isLetter(b) && len(a) == 4: // 1947-Aug-15
		return dayOf(a, b, c)
	case isLetter(b): // 15-Aug-1947
		return dayOf(c, b, a)
	case strings.TrimSpace(p[4]) != sign:
		return time.Time{}, false
	case len(a) == 4:
		return dayOf(a, b, c)
	}
	orders := longYears[sign]
	if len(c) < 4 {
		orders = shortYears[sign]
	}
	for _, order := range orders {
		of := func(what byte) string { return []string{a, b, c}[strings.IndexByte(order, what)] }
		if at, ok := dayOf(of('y'), of('m'), of('d')); ok {
			return at, true
		}
	}
	return time.Time{}, false
}

func isLetter(s string) bool { return s[0] > '9' }

var monthNames = []string{"january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"}

// dayOf is a day that there is. Years have two or four digits; two are from 1969 to 2068.
func dayOf(year, month, day string) (time.Time, bool) {
	y, err := strconv.Atoi(year)
	if err != nil || len(year) != 2 && len(year) != 4 {
		return time.Time{}, false
	}
	if len(year) == 2 {
		if y += 1900; y < 1969 {
			y += 100
		}
	}
	m, err := strconv.Atoi(month)
	if err != nil {
		name := strings.ToLower(month)
		m = slices.IndexFunc(monthNames, func(full string) bool { return name == full || name == full[:3] }) + 1
	}
	d, err := strconv.Atoi(day)
	at := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
	return at, err == nil && len(day) <= 2 && m >= 1 && m <= 12 && at.Day() == d && at.Month() == time.Month(m) && within(at)
}

// readDate reads a date in a text, for somebody in the zone.
func readDate(text string, zone *time.Location) (at time.Time, dayOnly, ok bool) {
	d, ok := parseDate(text)
	if !ok {
		return at, false, false
	}
	at = d.in(zone)
	return at, d.dayOnly, within(at)
}
