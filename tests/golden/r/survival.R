# Prints the numbers of tests/golden/test_modelling_survival.py. Made with R 4.2.2 and survival 3.5-3 (Debian 12:
# r-base-core, r-cran-survival), which ship the data. Ties by Efron, the default of coxph.
# Run: Rscript tests/golden/r/survival.R
library(survival)
options(digits = 10)

fit <- coxph(Surv(time, status) ~ trt + celltype + karno + diagtime + age + prior, data = veteran)
print(coef(fit))
print(fit$loglik)
print(survdiff(Surv(time, status) ~ trt, data = veteran)$chisq)

data <- gbsg
data$time <- data$rfstime
fit <- coxph(Surv(time, status) ~ hormon + age + meno + size + factor(grade) + nodes + pgr + er, data = data)
print(coef(fit))
print(fit$loglik)
print(concordance(fit)$concordance)

data$z <- as.numeric(scale(log1p(data$pgr)))
full <- coxph(Surv(time, status) ~ hormon * z, data = data)
reduced <- coxph(Surv(time, status) ~ hormon + z, data = data)
print(coef(full))
print(anova(reduced, full))
print(survdiff(Surv(time, status) ~ hormon, data = data)$chisq)
print(survfit(Surv(time, status) ~ hormon, data = data), rmean = 1825)
