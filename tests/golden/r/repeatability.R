# Writes tests/golden/r/repeatability.csv: intraclass correlations, within-subject deviation and CV with their
# limits, from the mean squares of base R's aov. Needs no package.
# Data: Shrout and Fleiss 1979, table 2 (6 subjects, 4 judges); and test-retest pairs drawn by set.seed(1).
# Run: Rscript tests/golden/r/repeatability.R > tests/golden/r/repeatability.csv
#      Rscript -e 'print(Sys.Date()); sessionInfo()' > tests/golden/r/repeatability_session.txt
options(digits = 15)

judges <- rbind(c(9, 2, 5, 8), c(6, 1, 3, 2), c(8, 4, 6, 8), c(7, 1, 2, 6), c(10, 5, 6, 9), c(6, 2, 4, 7))
set.seed(1)
truth <- round(exp(rnorm(15, 3, 0.5)), 3)
pairs <- cbind(round(truth * exp(rnorm(15, 0, 0.1)), 3), round(truth * exp(rnorm(15, 0.05, 0.1)), 3))
opposed <- rbind(c(1, 3, 2), c(3, 1, 2.5), c(2, 2.5, 1), c(2.5, 1.5, 3))  # a negative correlation

say <- function(data, name, values) {
  cat(sprintf("%s,%s,%s\n", data, name, paste(format(values, digits = 15, trim = TRUE), collapse = ",")), sep = "")
}

describe <- function(data, x) {
  n <- nrow(x); k <- ncol(x)
  d <- data.frame(y = as.vector(x), target = factor(rep(1:n, k)), rater = factor(rep(1:k, each = n)))
  two <- summary(aov(y ~ target + rater, d))[[1]][["Mean Sq"]]
  one <- summary(aov(y ~ target, d))[[1]][["Mean Sq"]]
  B <- two[1]; J <- two[2]; E <- two[3]; W <- one[2]
  say(data, "mean_squares", c(B, J, E))

  limits <- function(ratio, df) {
    lo <- ratio / qf(.975, n - 1, df); hi <- ratio * qf(.975, df, n - 1)
    c((lo - 1) / (lo + k - 1), (hi - 1) / (hi + k - 1))
  }
  say(data, "icc_1_1", c((B - W) / (B + (k - 1) * W), limits(B / W, n * (k - 1))))
  say(data, "icc_3_1", c((B - E) / (B + (k - 1) * E), limits(B / E, (n - 1) * (k - 1))))

  icc <- (B - E) / (B + (k - 1) * E + k * (J - E) / n)
  a <- k * icc / (n * (1 - icc)); b <- 1 + k * icc * (n - 1) / (n * (1 - icc))
  v <- (a * J + b * E)^2 / ((a * J)^2 / (k - 1) + (b * E)^2 / ((n - 1) * (k - 1)))
  f1 <- qf(.975, n - 1, v); f2 <- qf(.975, v, n - 1)
  lo <- n * (B - f1 * E) / (f1 * (k * J + (k * n - k - n) * E) + n * B)
  hi <- n * (f2 * B - E) / (k * J + (k * n - k - n) * E + n * f2 * B)
  say(data, "icc_2_1", c(icc, lo, hi))

  df <- n * (k - 1)
  spread <- sqrt(df / qchisq(c(.975, .025), df))
  say(data, "within_sd", sqrt(W) * c(1, spread))
  say(data, "repeatability_coefficient", 1.96 * sqrt(2) * sqrt(W) * c(1, spread))
  cv <- sqrt(mean(apply(x, 1, var) / rowMeans(x)^2))
  say(data, "cv_root_mean_square", cv * c(1, spread))
  logs <- summary(aov(log(y) ~ target, d))[[1]][["Mean Sq"]][2]
  say(data, "cv_log", sqrt(exp(logs * c(1, spread)^2) - 1))
}

cat("data,name,value,lo,hi\n")
for (name in c("judges", "pairs", "opposed")) {
  x <- get(name)
  for (i in 1:nrow(x)) cat(sprintf("%s,values,%s\n", name, paste(x[i, ], collapse = ",")))
  describe(name, x)
}
