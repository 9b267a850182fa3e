package endpoint

// BoundAnswers makes the bounds of the answers kept for each token small.
func (a *APIs) BoundAnswers(count int, bytes int64) { a.answers = answerBounds{count, bytes} }
