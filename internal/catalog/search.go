package catalog

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
)

// Hit is an entry that a search found. A lower rank is a better match.
type Hit struct {
	*Entry
	Rank int
}

// Forgiven reports whether the search found the entry by forgiving typing errors.
func (h Hit) Forgiven() bool { return h.Rank >= rankErrors }

// The ranks, from the best on. What was typed with errors comes after them, by how many there are.
const (
	rankExact    = iota // the name, a link name or another word that people look for, as it is
	rankName            // the name begins so
	rankWord            // each word begins a word of the name
	rankOther           // each word begins one of the name, a link name, an alias or the category
	rankWithin          // it stands somewhere within a name, link name or alias
	rankErrors          // one error more is one rank more
	rankNotFound = 1 << 30
)

const (
	maxQuery      = 60 // letters of a query that are read; no name is as long
	maxQueryWords = 6
)

// searched is an entry as it is searched.
type searched struct {
	entry *Entry
	name  []string // words of the name
	other []string // words of the link names, aliases and category
	whole []string // the name first, then link names and aliases, each without its blanks
	runes [][]rune // those of whole, and the words of the name and of the aliases: what errors are forgiven against
}

// Search finds entries by what people type: words, their beginnings and parts, in any order and case, in names, link
// names, aliases and categories. Typing errors are forgiven where nothing is called what was typed: one in a short
// query, two from eight letters on. The best match comes first, and among equal ones what most sources know. An empty
// query finds everything.
//
// It reads the first 60 letters of a query, so its time is bounded. It is safe for concurrent use.
func (c *Catalog) Search(query string) []Hit {
	q := words(query)
	typed := strings.Join(q, "")
	if r := []rune(typed); len(r) > maxQuery {
		typed = string(r[:maxQuery])
	}
	if len(q) > maxQueryWords {
		q = q[:maxQueryWords]
	}
	index := c.searchable()
	hits := make([]Hit, 0, len(index))
	if typed == "" && strings.TrimSpace(query) != "" {
		return hits // nothing but signs
	}
	best := rankNotFound
	for _, s := range index {
		if rank := s.rank(q, typed); rank < rankNotFound {
			hits, best = append(hits, Hit{s.entry, rank}), min(best, rank)
		}
	}
	if best >= rankWithin {
		hits = append(hits, forgiven(index, q, typed, hits)...)
	}
	slices.SortStableFunc(hits, func(a, b Hit) int {
		return cmp.Or(cmp.Compare(a.Rank, b.Rank), cmp.Compare(len(b.Evidence.Sources), len(a.Evidence.Sources)))
	})
	return hits
}

// forgiven finds what a query with typing errors may have meant: what has the fewest of them, besides what was found.
func forgiven(index []*searched, q []string, typed string, found []Hit) []Hit {
	whole, parts := []rune(typed), make([][]rune, len(q))
	for i, w := range q {
		parts[i] = []rune(w)
	}
	var hits []Hit
	fewest := errorsIn(len(whole))
	for _, s := range index {
		if slices.ContainsFunc(found, func(h Hit) bool { return h.Entry == s.entry }) {
			continue
		}
		switch n := s.errors(parts, whole, fewest); {
		case n > fewest:
		case n < fewest:
			hits, fewest = append(hits[:0], Hit{s.entry, rankErrors + n}), n
		default:
			hits = append(hits, Hit{s.entry, rankErrors + n})
		}
	}
	return hits
}

// errorsIn is how many typing errors are forgiven in so many letters.
func errorsIn(letters int) int {
	switch {
	case letters < 3:
		return 0
	case letters < 8:
		return 1
	}
	return 2
}

func (c *Catalog) searchable() []*searched {
	c.indexed.Do(func() {
		c.index = make([]*searched, len(c.entries))
		for i, e := range c.entries {
			c.index[i] = newSearched(e)
		}
	})
	return c.index
}

func newSearched(e *Entry) *searched {
	s := &searched{entry: e, name: words(e.Name), other: words(CategoryName(e.Category))}
	s.whole = append(s.whole, strings.Join(s.name, ""))
	for i := range e.Ways {
		link := words(string(e.Ways[i].LinkName))
		s.other, s.whole = append(s.other, link...), append(s.whole, strings.Join(link, ""))
	}
	forgiving := slices.Clone(s.name)
	for _, alias := range e.Aliases {
		w := words(alias)
		s.other, s.whole, forgiving = append(s.other, w...), append(s.whole, strings.Join(w, "")), append(forgiving, w...)
	}
	forgiving = append(forgiving, s.whole...)
	slices.Sort(forgiving)
	for _, text := range slices.Compact(forgiving) {
		s.runes = append(s.runes, []rune(text))
	}
	return s
}

func (s *searched) rank(q []string, typed string) int {
	begins := func(known []string) func(string) bool {
		return func(w string) bool {
			return slices.ContainsFunc(known, func(k string) bool { return strings.HasPrefix(k, w) })
		}
	}
	all := func(found func(string) bool) bool {
		return !slices.ContainsFunc(q, func(w string) bool { return !found(w) })
	}
	switch {
	case slices.Contains(s.whole, typed):
		return rankExact
	case strings.HasPrefix(s.whole[0], typed):
		return rankName
	case all(begins(s.name)):
		return rankWord
	case begins(s.whole)(typed), all(func(w string) bool { return begins(s.name)(w) || begins(s.other)(w) }):
		return rankOther
	case slices.ContainsFunc(s.whole, func(k string) bool { return strings.Contains(k, typed) }):
		return rankWithin
	}
	return rankNotFound
}

// errors is the number of errors with which a query means the entry, as far as it is at most limit: in all of it, or
// in each of its words.
func (s *searched) errors(q [][]rune, whole []rune, limit int) int {
	fewest := nearest(whole, s.runes, limit)
	if len(q) < 2 {
		return fewest
	}
	sum := 0
	for _, w := range q {
		if sum += nearest(w, s.runes, min(limit, errorsIn(len(w)))); sum > limit {
			return fewest
		}
	}
	return min(fewest, sum)
}

// nearest is the distance of typed from the nearest of the texts; more than limit where none is that near.
func nearest(typed []rune, texts [][]rune, limit int) int {
	fewest := limit + 1
	for _, text := range texts {
		fewest = min(fewest, distance(typed, text, fewest-1))
	}
	return fewest
}

// distance counts the errors that lie between what was typed and a text, or the beginning of one from five letters on:
// letters that are wrong, too much, missing or swapped with the next. It stops counting beyond limit.
func distance(typed, text []rune, limit int) int {
	beyond, full := limit+1, len(text)
	if limit < 0 || len(typed)-len(text) > limit {
		return beyond
	}
	beginning := len(typed) >= 5
	switch {
	case beginning:
		text = text[:min(len(text), len(typed)+limit)]
	case len(text)-len(typed) > limit:
		return beyond
	case len(typed) < 4 && typed[0] != text[0]: // three letters are one error away from too much
		return beyond
	}
	// The rows of a table: what of text costs how much, after each letter typed. Two before are kept for a swap.
	previous, row, next := make([]int, len(text)+1), make([]int, len(text)+1), make([]int, len(text)+1)
	for j := range row {
		row[j] = j
	}
	for i, letter := range typed {
		next[0] = i + 1
		least := next[0]
		for j := range text {
			cost := 1
			if letter == text[j] {
				cost = 0
			}
			n := min(row[j]+cost, row[j+1]+1, next[j]+1)
			if i > 0 && j > 0 && letter == text[j-1] && typed[i-1] == text[j] {
				n = min(n, previous[j-1]+1)
			}
			next[j+1], least = n, min(least, n)
		}
		if least > limit {
			return beyond
		}
		previous, row, next = row, next, previous
	}
	n := beyond
	if len(text) == full {
		n = min(n, row[full])
	}
	if least := slices.Min(row); beginning && least <= 1 { // two errors in a part of something is no likeness
		n = min(n, least)
	}
	return n
}

// words divides a text where something stands that is neither letter nor digit, in lower case and without accents.
func words(text string) []string {
	return strings.FieldsFunc(plain.Replace(strings.ToLower(text)), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// plain writes the letters that names of services have as people type them. An apostrophe is within a word.
var plain = strings.NewReplacer("ä", "a", "á", "a", "à", "a", "â", "a", "ã", "a", "å", "a", "æ", "ae", "ç", "c", "é", "e", "è", "e", "ê", "e", "ë", "e",
	"í", "i", "ì", "i", "î", "i", "ï", "i", "ñ", "n", "ó", "o", "ò", "o", "ô", "o", "õ", "o", "ö", "o", "ø", "o", "š", "s", "ß", "ss", "ú", "u", "ù", "u",
	"û", "u", "ü", "u", "ý", "y", "ž", "z", "'", "", "’", "")
