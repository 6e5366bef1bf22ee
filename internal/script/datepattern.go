package script

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Patterns of dates are those of Java's SimpleDateFormat: yyyy-MM-dd'T'HH:mm:ss. Letters in single quotes are text, and
// two single quotes are one.

// datePiece is a run of one letter of a pattern, or text as it stands.
type datePiece struct {
	letter byte // 0: text
	n      int
	text   string
}

const maxDatePattern = 100

func datePieces(pattern string) ([]datePiece, error) {
	if len(pattern) > maxDatePattern {
		return nil, fmt.Errorf("a date pattern has at most %d letters", maxDatePattern)
	}
	var pieces []datePiece
	text := func(s string) {
		if n := len(pieces); n > 0 && pieces[n-1].letter == 0 {
			pieces[n-1].text += s
			return
		}
		pieces = append(pieces, datePiece{text: s})
	}
	for i := 0; i < len(pattern); {
		c := pattern[i]
		switch {
		case c == '\'':
			end := strings.IndexByte(pattern[i+1:], '\'')
			if end < 0 {
				return nil, fmt.Errorf("the date pattern has a ' without another")
			}
			if end == 0 {
				text("'")
			} else {
				text(pattern[i+1 : i+1+end])
			}
			i += end + 2
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			n := 1
			for i+n < len(pattern) && pattern[i+n] == c {
				n++
			}
			if !strings.ContainsRune("GyYMLwWDdFEuaHkKhmsSzZX", rune(c)) {
				return nil, fmt.Errorf("the letter %c means nothing in a date pattern", c)
			}
			pieces = append(pieces, datePiece{letter: c, n: n})
			i += n
		default:
			text(string(c))
			i++
		}
	}
	return pieces, nil
}

// formatDate writes a moment by a pattern.
func formatDate(at time.Time, pattern string) (string, error) {
	pieces, err := datePieces(pattern)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	digits := func(v, n int) {
		s := strconv.Itoa(v)
		b.WriteString(strings.Repeat("0", max(n-len(s), 0)) + s)
	}
	year := func(y, n int) {
		if n == 2 {
			digits(y%100, 2)
		} else {
			digits(y, n)
		}
	}
	for _, p := range pieces {
		switch p.letter {
		case 0:
			b.WriteString(p.text)
		case 'G':
			b.WriteString("AD")
		case 'y':
			year(at.Year(), p.n)
		case 'Y':
			y, _ := weekOfYear(at, time.Sunday)
			year(y, p.n)
		case 'M', 'L':
			named(&b, at.Month().String(), int(at.Month()), p.n)
		case 'w':
			_, w := weekOfYear(at, time.Sunday)
			digits(w, p.n)
		case 'W':
			digits((at.Day()-1+int(at.AddDate(0, 0, 1-at.Day()).Weekday()))/7+1, p.n)
		case 'D':
			digits(at.YearDay(), p.n)
		case 'd':
			digits(at.Day(), p.n)
		case 'F':
			digits((at.Day()-1)/7+1, p.n)
		case 'E':
			name := at.Weekday().String()
			if p.n < 4 {
				name = name[:3]
			}
			b.WriteString(name)
		case 'u':
			digits((int(at.Weekday())+6)%7+1, p.n)
		case 'a':
			b.WriteString(at.Format("PM"))
		case 'H':
			digits(at.Hour(), p.n)
		case 'k':
			digits((at.Hour()+23)%24+1, p.n)
		case 'K':
			digits(at.Hour()%12, p.n)
		case 'h':
			digits((at.Hour()+11)%12+1, p.n)
		case 'm':
			digits(at.Minute(), p.n)
		case 's':
			digits(at.Second(), p.n)
		case 'S':
			digits(at.Nanosecond()/1e6, p.n)
		case 'z':
			b.WriteString(at.Format("MST"))
		case 'Z':
			b.WriteString(at.Format("-0700"))
		case 'X':
			b.WriteString(at.Format([]string{"Z07", "Z0700", "Z07:00"}[min(p.n, 3)-1]))
		}
	}
	return b.String(), nil
}

// named writes a month: as a number, by three letters, or in full.
func named(b *strings.Builder, name string, number, n int) {
	switch {
	case n >= 4:
		b.WriteString(name)
	case n == 3:
		b.WriteString(name[:3])
	default:
		fmt.Fprintf(b, "%0*d", n, number)
	}
}

// weekOfYear is the week that a day is in and the year that this week belongs to: weeks begin on the first day of the
// week, and the first of a year is the one with the first of January.
func weekOfYear(at time.Time, first time.Weekday) (year, week int) {
	year = at.Year()
	since := func(newYear time.Time) int { return int(newYear.Weekday()-first+7) % 7 }
	next := time.Date(year+1, 1, 1, 0, 0, 0, 0, at.Location())
	if at.Month() == 12 && at.Day()+since(next) > 31 {
		return year + 1, 1
	}
	return year, (at.YearDay()-1+since(time.Date(year, 1, 1, 0, 0, 0, 0, at.Location())))/7 + 1
}

// layouts are what Go calls the letters of a pattern, for reading.
func layoutOf(pattern string) (string, error) {
	pieces, err := datePieces(pattern)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, p := range pieces { // one digit is read where the pattern has two, as two are where it has one
		by := map[byte][]string{
			0: {p.text}, 'y': {"2006", "06", "2006"}, 'M': {"1", "1", "Jan", "January"}, 'L': {"1", "1", "Jan", "January"}, 'd': {"2"}, 'D': {"002"},
			'E': {"Mon", "Mon", "Mon", "Monday"}, 'a': {"PM"}, 'H': {"15"}, 'h': {"3"}, 'K': {"3"}, 'k': {"15"}, 'm': {"4"}, 's': {"5"},
			'S': {"0", "00", "000"}, 'z': {"MST"}, 'Z': {"-0700"}, 'X': {"Z07", "Z0700", "Z07:00"},
		}[p.letter]
		if by == nil {
			return "", fmt.Errorf("the letter %c cannot be read", p.letter)
		}
		piece := by[min(max(p.n, 1), len(by))-1]
		if p.letter == 'S' && !strings.HasSuffix(b.String(), ".") && !strings.HasSuffix(b.String(), ",") {
			return "", fmt.Errorf("fractions of a second stand behind a point")
		}
		b.WriteString(piece)
	}
	return b.String(), nil
}

// within: dates are reckoned from the year 1 to 9999.
func within(at time.Time) bool { return at.Year() >= 1 && at.Year() <= 9999 }
