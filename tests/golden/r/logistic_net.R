# Writes logistic_net.csv: coefficients of the logistic elastic net (alpha 0.5) of R's glmnet on the data of the file
# logistic_net_data.csv, x1 not penalised, at three penalties. Session in logistic_net_session.txt, made 2026-11-26.
# Run: Rscript tests/golden/r/logistic_net.R (Debian 12: r-base-core, r-cran-glmnet)
suppressMessages(library(glmnet))
options(digits = 17)
folder <- "tests/golden/r"

set.seed(20261126)
n <- 80
p <- 12
x <- round(matrix(rnorm(n * p), n, p), 6)
x[, 3] <- round(x[, 2] + 0.3 * x[, 3], 6)
colnames(x) <- paste0("x", 1:p)
y <- rbinom(n, 1, plogis(0.7 * x[, 1] + 1.2 * x[, 2] - 0.8 * x[, 4]))
write.csv(data.frame(y, x), file.path(folder, "logistic_net_data.csv"), row.names = FALSE, quote = FALSE)

# glmnet rescales penalty factors to a sum of p: undone here, so that `lambda` is the penalty of the penalised columns.
lambda <- c(0.15, 0.05, 0.01)
free <- c(0, rep(1, p - 1))
fit <- function(factors) glmnet(
  x, y, family = "binomial", alpha = 0.5, lambda = lambda * mean(factors), standardize = FALSE,
  penalty.factor = factors, thresh = 1e-14, maxit = 1e6
)
result <- rbind(
  data.frame(free = 0, penalty = lambda, t(as.matrix(coef(fit(rep(1, p)))))),
  data.frame(free = 1, penalty = lambda, t(as.matrix(coef(fit(free)))))
)
names(result)[3] <- "intercept"
write.csv(result, file.path(folder, "logistic_net.csv"), row.names = FALSE, quote = FALSE)
writeLines(capture.output(sessionInfo()), file.path(folder, "logistic_net_session.txt"))
