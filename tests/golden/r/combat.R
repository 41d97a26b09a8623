# Writes combat_data.csv (36 rows, 6 columns, 3 batches) and combat.csv: the data by ComBat of the authors' package sva,
# parametric, no covariates, iterated to 1e-12 rather than its 1e-4. Session in combat_session.txt, made 2026-11-26.
# Run: Rscript tests/golden/r/combat.R (Debian 12: r-base-core, r-bioc-sva)
suppressMessages(library(sva))
options(digits = 17)
folder <- "tests/golden/r"

set.seed(20261126)
batch <- rep(c("a", "b", "c"), c(18, 12, 6))
shift <- c(a = 0, b = 1.5, c = -2)[batch]
spread <- c(a = 1, b = 2, c = 0.5)[batch]
loading <- c(1, 0.8, 1.2, 0.5, 1.5, 1)
data <- sapply(loading, function(l) 10 * l + l * shift + spread * rnorm(length(batch)))
colnames(data) <- paste0("f", 1:6)

precise <- sva:::it.sol
formals(precise)$conv <- 1e-12
assignInNamespace("it.sol", precise, "sva")
adjusted <- t(suppressMessages(ComBat(dat = t(data), batch = batch, par.prior = TRUE)))

write.csv(data.frame(batch, data), file.path(folder, "combat_data.csv"), row.names = FALSE, quote = FALSE)
write.csv(data.frame(batch, adjusted), file.path(folder, "combat.csv"), row.names = FALSE, quote = FALSE)
writeLines(capture.output(sessionInfo()), file.path(folder, "combat_session.txt"))
