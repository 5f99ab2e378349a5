"""The forms of a report: HTML, PDF, LaTeX, Markdown, and figures as files."""
